// False announcements make no member connect to a third party more often than the budget allows, whatever they say.
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

/** The rates are those of the process; smaller bursts show them within a second. */
const PACE = { perProcess: { perSecond: 20, burst: 60 }, perAddress: { perSecond: 10, burst: 20 } }
const STORM_MS = 1000
const LIARS = 300

const meshes: TestMesh[] = []
afterEach(async () => {
  await Promise.all(meshes.splice(0).map((one) => one.close()))
})

async function member(): Promise<TestMesh> {
  const one = await TestMesh.listening({}, { budget: new ConnectBudget(PACE as typeof CONNECT_LIMITS) })
  meshes.push(one)
  return one
}

/** A port of all addresses of the loopback network on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  server.close()
  return port
}

/** What a bucket gives within some time, and one for what it gave in part. */
function bound({ perSecond, burst }: { perSecond: number; burst: number }, ms: number): number {
  return burst + (perSecond * ms) / 1000 + 1
}

/** Lies about instances at these addresses, and changes them all the time; returns for how long, in milliseconds. */
async function storm(victim: TestMesh, addressesOf: (liar: number) => readonly string[]): Promise<number> {
  const [port, since] = [await closedPort(), performance.now()]
  const liars = Array.from({ length: LIARS }, () => randomUuid())
  for (let turn = 0; performance.now() - since < STORM_MS; turn++) {
    for (const [n, liar] of liars.entries())
      victim.mesh.up(instanceAt(port, liar, addressesOf(n), { turn: String(turn) }))
    await setTimeout(10)
  }
  return performance.now() - since
}

const host = (n: number) => `127.1.${n >> 8}.${n & 255}`

test('lies about one host make no storm at it, whatever changes in them', async () => {
  const victim = await member()
  const ms = await storm(victim, () => ['127.1.0.1'])
  assert.ok(victim.attempts.length <= bound(PACE.perAddress, ms), `${victim.attempts.length} connects in ${ms} ms`)
  assert.ok(victim.attempts.length >= PACE.perAddress.burst)
})

test('lies about many addresses make no storm either, and a new peer is met meanwhile', async () => {
  const [victim, newcomer] = [await member(), await member()]
  const since = performance.now()
  let met = false
  const over = storm(victim, (liar) => Array.from({ length: 64 }, (_, n) => host(64 * liar + n)))
  const meets = until(() => victim.budget.left() === 0, 'the budget is not used up').then(async () => {
    victim.mesh.up(newcomer.instance)
    await until(() => victim.connected.has(newcomer.uuid), 'the new peer is not connected')
    met = true
  })
  await Promise.all([over, meets])
  const ms = performance.now() - since
  assert.ok(victim.attempts.length <= bound(PACE.perProcess, ms), `${victim.attempts.length} connects in ${ms} ms`)
  assert.ok(met)
})

test('a dial tries a few addresses only, however many are announced', async () => {
  const victim = await member()
  const addresses = Array.from({ length: 64 }, (_, n) => host(n))
  victim.mesh.up(instanceAt(await closedPort(), randomUuid(), addresses))
  await until(
    () => [...victim.mesh.peers().values()].some(({ state }) => state === 'waiting'),
    'the dial does not fail'
  )
  assert.equal(victim.attempts.length, MAX_ATTEMPTS)
})

test('another TXT record makes a peer not dialed at once; another port does, once in a while', async () => {
  const victim = await member()
  const [uuid, port] = [randomUuid(), await closedPort()]
  const state = () => victim.mesh.peers().get(uuid)?.state
  victim.mesh.up(instanceAt(port, uuid))
  // From here on the next dial is not due soon.
  await until(() => victim.attempts.length === 4 && state() === 'waiting', 'no dial fails')
  victim.mesh.up(instanceAt(port, uuid, undefined, { new: '1' }))
  assert.equal(state(), 'waiting')
  victim.mesh.up(instanceAt(1, uuid))
  assert.equal(state(), 'announced')
  await until(() => state() === 'waiting', 'the other port is not dialed')
  victim.mesh.up(instanceAt(2, uuid))
  assert.equal(state(), 'waiting')
})

test('a cluster that starts all at once takes nothing out of the budget in the end', async () => {
  const all = await Promise.all(Array.from({ length: 12 }, () => member()))
  for (const one of all) {
    for (const other of all) if (one !== other) one.mesh.up(other.instance)
  }
  await until(() => all.every(({ connected }) => connected.size === all.length - 1), 'not all are connected')
  for (const { budget } of all) assert.equal(budget.left(), PACE.perProcess.burst)
  assert.ok(all.length * DEFAULT_LIMITS.maxDials > PACE.perAddress.burst)
})
