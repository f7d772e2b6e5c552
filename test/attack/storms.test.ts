// False announcements, whatever their content, do not make a member connect to a third host more often than the budget
// allows.
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { afterEach, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type CONNECT_LIMITS, ConnectBudget } from '#tcpnet/mesh/connect-budget.js'
import { DEFAULT_LIMITS } from '#tcpnet/mesh/limits.js'
import { MAX_ATTEMPTS } from '#tcpnet/mesh/race.js'
import { randomUuid } from '#tcpnet/uuid.js'
import { instanceAt, listen, TestMesh } from '../support/test-mesh.js'
import { until } from '../support/wait.js'

/** The rates are the default ones. The bursts are smaller, so that the rates are visible within half a second. */
const PACE = {
  perProcess: { perSecond: 20, burst: 30 },
  perAddress: { perSecond: 10, burst: 10 },
  questions: { perSecond: 10, burst: 256 }
}
const STORM_MS = 500
const LIARS = 150

const meshes: TestMesh[] = []
afterEach(async () => {
  await Promise.all(meshes.splice(0).map((one) => one.close()))
})

async function member(): Promise<TestMesh> {
  const one = await TestMesh.listening({}, { budget: new ConnectBudget(PACE as typeof CONNECT_LIMITS) })
  meshes.push(one)
  return one
}

/** A port on which no program listens, at any address of the loopback network. */
async function closedPort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  server.close()
  return port
}

/** The most tokens that a bucket gives within a time, and one for a fraction. */
function bound({ perSecond, burst }: { perSecond: number; burst: number }, ms: number): number {
  return burst + (perSecond * ms) / 1000 + 1
}

/**
 * Announces false instances at these addresses, and changes them all the time. Returns for how long, in milliseconds.
 */
async function storm(victim: TestMesh, addressesOf: (liar: number) => readonly string[]): Promise<number> {
  const [port, since] = [await closedPort(), performance.now()]
  const liars = Array.from({ length: LIARS }, () => randomUuid())
  for (let turn = 0; performance.now() - since < STORM_MS; turn++) {
    for (const [n, liar] of liars.entries())
      victim.announce(instanceAt(port, liar, addressesOf(n), { turn: String(turn) }))
    await setTimeout(20)
  }
  return performance.now() - since
}

/** A question where a peer is that gets no answer. */
function silence(_uuid: string, signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)))
}

const host = (n: number) => `127.1.${n >> 8}.${n & 255}`

test('false instances at one host cause a bounded number of connects to it, however often they change', async () => {
  const victim = await member()
  const ms = await storm(victim, () => ['127.1.0.1'])
  assert.ok(victim.attempts.length <= bound(PACE.perAddress, ms), `${victim.attempts.length} connects in ${ms} ms`)
  assert.ok(victim.attempts.length >= PACE.perAddress.burst)
})

test('false instances at many addresses cause a bounded number of connects, and a new peer is connected meanwhile', async () => {
  const [victim, newcomer] = [await member(), await member()]
  const since = performance.now()
  let met = false
  const over = storm(victim, (liar) => Array.from({ length: 64 }, (_, n) => host(64 * liar + n)))
  const meets = until(() => victim.budget.left() === 0, 'the budget is not used up').then(async () => {
    victim.announce(newcomer.instance)
    await until(() => victim.connected.has(newcomer.uuid), 'the new peer is not connected')
    met = true
  })
  await Promise.all([over, meets])
  const ms = performance.now() - since
  assert.ok(victim.attempts.length <= bound(PACE.perProcess, ms), `${victim.attempts.length} connects in ${ms} ms`)
  assert.ok(met)
})

test('a dial tries a bounded number of addresses, however many are announced', async () => {
  const victim = await member()
  const addresses = Array.from({ length: 64 }, (_, n) => host(n))
  victim.announce(instanceAt(await closedPort(), randomUuid(), addresses))
  await until(
    () => [...victim.mesh.peers().values()].some(({ state }) => state === 'waiting'),
    'the dial does not fail'
  )
  assert.equal(victim.attempts.length, MAX_ATTEMPTS)
})

test('a peer that waits for its next dial is not dialed earlier, whatever is announced for it', async () => {
  const victim = await member()
  const [uuid, port] = [randomUuid(), await closedPort()]
  const state = () => victim.mesh.peers().get(uuid)?.state
  victim.announce(instanceAt(port, uuid))
  // From here on the next dial is not due soon.
  await until(() => victim.attempts.length === 4 && state() === 'waiting', 'no dial fails')
  victim.mesh.hint(instanceAt(1, uuid, undefined, { new: '1' }))
  victim.announce(instanceAt(1, uuid))
  assert.equal(state(), 'waiting')
})

test('questions where peers are that do not answer are bounded, and a peer that answers is found', async () => {
  const questions = { perSecond: 10, burst: 20 }
  const limits = { ...PACE, questions } as unknown as typeof CONNECT_LIMITS
  const victim = await TestMesh.listening({ slowAfterMs: 10 }, { budget: new ConnectBudget(limits), locate: silence })
  const newcomer = await TestMesh.listening()
  meshes.push(victim, newcomer)
  const since = performance.now()
  for (let n = 0; n < LIARS; n++) victim.mesh.seen(randomUuid())
  await until(() => victim.questions.length >= questions.burst, 'too few are asked for')
  victim.mesh.hint(newcomer.instance)
  victim.mesh.seen(newcomer.uuid)
  await until(() => victim.connected.has(newcomer.uuid), 'the new peer is not connected')
  await setTimeout(STORM_MS)
  const ms = performance.now() - since
  assert.ok(victim.questions.length <= bound(questions, ms), `${victim.questions.length} questions in ${ms} ms`)
})

test('a cluster whose members start at once has used none of the budget in the end', async () => {
  const all = await Promise.all(Array.from({ length: 12 }, () => member()))
  for (const one of all) {
    for (const other of all) if (one !== other) one.announce(other.instance)
  }
  await until(() => all.every(({ connected }) => connected.size === all.length - 1), 'not all are connected')
  for (const { budget } of all) assert.equal(budget.left(), PACE.perProcess.burst)
  assert.ok(all.length * DEFAULT_LIMITS.maxDials > PACE.perAddress.burst)
})
