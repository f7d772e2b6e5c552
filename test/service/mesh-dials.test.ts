// Which peers a mesh dials, and how its dials end. Sockets are real, discovery is played by the test.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Discovery, Instance } from '#tcpnet/discovery/discovery.js'
import type { TcpnetError } from '#tcpnet/errors.js'
import type { StateChange } from '#tcpnet/index.js'
import { CONNECT_LIMITS, ConnectBudget } from '#tcpnet/mesh/connect-budget.js'
import { encodeAnswer, encodeHello } from '#tcpnet/mesh/hello.js'
import { DEFAULT_LIMITS, type Limits } from '#tcpnet/mesh/limits.js'
import { type Connect, connectTo } from '#tcpnet/mesh/race.js'
import { isHigher, randomUuid } from '#tcpnet/uuid.js'
import { TestMesh } from '../support/test-mesh.js'
import { until, within } from '../support/wait.js'

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

/** A mesh that dials one peer at a time. */
function meshWith(limits: Partial<Limits> = {}): TestMesh {
  const made = new TestMesh({ maxDials: 1, goodbyeMs: 0, ...limits })
  cleanUps.push(() => void made.close())
  return made
}

/** A limit that has every peer that is seen expected to dial for exactly `ms` milliseconds. */
function expecting(ms: number): Limits['expect'] {
  const span = { leastMs: ms, mostMs: ms }
  return { higher: span, lower: span }
}

/** The parts of a test mesh that a test uses. */
function parts(made: TestMesh): Pick<TestMesh, 'mesh' | 'failed'> & { announce: (instance: Instance) => void } {
  return { mesh: made.mesh, failed: made.failed, announce: (instance) => made.announce(instance) }
}

/** A server that sends no answer. */
async function silentServer(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket.on('error', () => {})))
  cleanUps.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return server
}

/** A port at which a connect neither succeeds nor fails: its process is stopped, and its backlog is full. */
async function deafPort(): Promise<number> {
  const program = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 },
    function () { console.log(this.address().port) })`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  cleanUps.push(() => void child.kill('SIGKILL'))
  const port = Number(await once(child.stdout, 'data'))
  child.kill('SIGSTOP')
  for (let isFull = false; !isFull; ) {
    const socket = connect(port, '127.0.0.1')
    cleanUps.push(() => void socket.destroy())
    await Promise.race([once(socket, 'connect'), setTimeout(100)])
    // Input that came while this process was busy is read first.
    await setImmediate()
    isFull = socket.connecting
  }
  return port
}

function instance(uuid: string, port: number, txt = {}): Instance {
  const paths = [{ interfaceIndex: 1, family: 4, address: '127.0.0.1' }] as const
  return { uuid, host: 'alpha.local', port, txt: { v: '1', ...txt }, paths }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

test('a turn to dial is not used up by a peer that is not to be dialed any more', async () => {
  const [first, wanted] = [await silentServer(), await silentServer()]
  const made = meshWith()
  const firstDial = once(first, 'connection')
  made.announce(instance('A1', portOf(first)))
  const [socket] = (await within(firstDial, 'the first peer is not dialed')) as [Socket]
  const dial = once(wanted, 'connection')
  // Turns alternate between the newest and the oldest.
  const barred = ['B1', 'B2', 'B3', 'B4']
  for (const uuid of barred.slice(0, 2)) made.announce(instance(uuid, 1))
  made.announce(instance('A2', portOf(wanted)))
  for (const uuid of barred.slice(2)) made.announce(instance(uuid, 1))
  await setImmediate()
  for (const uuid of barred) made.withdraw(uuid)
  made.withdraw('A1')
  socket.destroy()
  await within(dial, 'the peer in the middle is not dialed')
})

test('a failed dial of a hint is not reported, and the hint is forgotten; a failed dial of an announced peer is reported', async () => {
  const { mesh, failed, ...made } = parts(meshWith())
  mesh.hint(instance('A1', 1))
  assert.equal(mesh.peers().get('A1')?.state, 'announced')
  await until(() => mesh.peers().size === 0, 'it is not forgotten')
  assert.deepEqual(failed, [])
  made.announce(instance('A1', 1))
  await until(() => failed.length > 0, 'it is not reported')
  assert.deepEqual(failed, ['A1'])
})

test('the location of a peer that is seen is asked for only if the peer does not dial and no hint comes', async () => {
  const [hinted, asked] = [await silentServer(), await silentServer()]
  const soon = meshWith({ expect: expecting(60_000) })
  const dial = once(hinted, 'connection')
  soon.mesh.seen('A1')
  await setImmediate()
  assert.equal(soon.mesh.peers().get('A1')?.state, 'announced')
  soon.mesh.hint(instance('A1', portOf(hinted)))
  await within(dial, 'the hint is not dialed')
  assert.deepEqual(soon.questions, [])

  const late = meshWith({ expect: expecting(1) })
  const answered = once(asked, 'connection')
  late.announce(instance('A1', portOf(asked)))
  await within(answered, 'the peer is not dialed at its address')
  assert.deepEqual(late.questions, ['A1'])
})

test('of two peers that see each other, the one with the higher uuid asks first', async () => {
  const { higher: first, lower: second } = DEFAULT_LIMITS.expect
  assert.ok(first.mostMs < second.leastMs)
  // The wait of the lower uuid does not end, however slow the machine is.
  const expect = { higher: first, lower: { leastMs: 60_000, mostMs: 60_000 } }
  const [one, other] = await Promise.all([1, 2].map(() => TestMesh.listening({ expect })))
  assert.ok(one !== undefined && other !== undefined)
  cleanUps.push(() => void Promise.all([one.close(), other.close()]))
  const [higher, lower] = isHigher(one.uuid, other.uuid) ? [one, other] : [other, one]
  lower.announce(higher.instance)
  higher.announce(lower.instance)
  await until(() => lower.connected.size === 1, 'no connection')
  assert.deepEqual([higher.questions, lower.questions], [[lower.uuid], []])
})

test('of two announced peers that get hints at each other, the one with the higher uuid dials first', async () => {
  const [one, other] = await Promise.all([1, 2].map(() => TestMesh.listening({ expect: expecting(60_000) })))
  assert.ok(one !== undefined && other !== undefined)
  cleanUps.push(() => void Promise.all([one.close(), other.close()]))
  const [higher, lower] = isHigher(one.uuid, other.uuid) ? [one, other] : [other, one]
  lower.mesh.hint(higher.instance, true)
  higher.mesh.hint(lower.instance, true)
  await until(() => lower.connected.size === 1, 'no connection')
  assert.deepEqual([higher.attempts.length, lower.attempts.length], [1, 0])
})

test('a peer whose own dial has arrived is not dialed, however late that dial is read', async () => {
  const made = await TestMesh.listening()
  cleanUps.push(() => void made.close())
  const uuid = randomUuid()
  const socket = connect(made.port, '127.0.0.1')
  cleanUps.push(() => void socket.destroy())
  await once(socket, 'connect')
  const hello = {
    name: 'test',
    from: uuid,
    boot: '0123456789abcdef',
    to: made.uuid,
    seq: 0,
    dial: 1,
    port: 1,
    keepalive: null
  }
  // The line is in the kernel when write() returns; the mesh reads it in a later turn.
  socket.write(encodeHello(hello))
  made.mesh.hint(instance(uuid, 1))
  await until(() => made.connected.has(uuid), 'no connection')
  assert.deepEqual(made.attempts, [])
})

test('the one with the lower uuid dials if the other does not', async () => {
  const one = new TestMesh({ expect: expecting(1) })
  cleanUps.push(() => void one.close())
  const server = await silentServer()
  const dial = once(server, 'connection')
  one.mesh.hint(instance(`F${one.uuid}`, portOf(server)), true)
  await within(dial, 'it is not dialed')
})

test('a slow dial of a hint is corrected by an answer that locates the peer', async () => {
  const [hinted, announced] = [await deafPort(), await silentServer()]
  const made = meshWith({ helloTimeoutMs: 60_000, slowAfterMs: 50 })
  const dial = once(announced, 'connection')
  made.mesh.hint(instance('A1', hinted))
  await until(() => made.mesh.peers().get('A1')?.state === 'dialing', 'the hint is not dialed')
  made.announce(instance('A1', portOf(announced)))
  await within(dial, 'the announced peer is not dialed')
  assert.deepEqual(made.failed, [])
})

test('an announced peer that cannot be located counts as a failed dial, and is asked for again', async () => {
  const made = meshWith()
  made.mesh.seen('A1')
  await until(() => made.questions.length > 1, 'it is not asked for again')
  assert.equal(made.failed[0], 'A1')
  const { error, port, addresses } = made.mesh.peers().get('A1') ?? assert.fail('it is forgotten')
  assert.equal((error as TcpnetError).code, 'ERR_TCPNET_DIAL_TIMEOUT')
  assert.match(error?.message ?? '', /A1 failed. It is announced, but neither its host nor the DNS-SD daemon/)
  assert.deepEqual([port, addresses], [null, []])
})

test('a peer whose connection is lost is dialed first at its former address, without a question', async () => {
  const [one, other] = [await TestMesh.listening(), await TestMesh.listening()]
  cleanUps.push(() => void Promise.all([one.close(), other.close()]))
  one.announce(other.instance)
  await until(() => one.connected.size === 1, 'no connection')
  const before = one.questions.length
  one.connected.get(other.uuid)?.destroy()
  await until(() => one.connected.get(other.uuid)?.destroyed === false, 'no connection again')
  assert.equal(one.questions.length, before)
})

test('the acceptor of a connection knows the port at which its peer listens', async () => {
  const [one, other] = [await TestMesh.listening(), await TestMesh.listening()]
  cleanUps.push(() => void Promise.all([one.close(), other.close()]))
  one.announce(other.instance)
  await until(() => other.connected.size === 1, 'no connection')
  const { port, addresses } = other.mesh.peers().get(one.uuid) ?? assert.fail('it is not known')
  assert.deepEqual([port, addresses], [one.port, ['127.0.0.1']])
})

test('a peer with another kind of security is reported once, not dialed, and asked for again later', async () => {
  const server = await silentServer()
  server.on('connection', () => assert.fail('it is dialed'))
  const made = meshWith()
  made.announce(instance('A1', portOf(server), { sec: 'secret' }))
  await until(() => made.failed.length > 0, 'it is not reported')
  const { state, error, retryAt } = made.mesh.peers().get('A1') ?? assert.fail('it is forgotten')
  assert.deepEqual([state, (error as TcpnetError).code], ['barred', 'ERR_TCPNET_SECURITY'])
  const waitMs = (retryAt ?? 0) - Date.now()
  assert.ok(waitMs > 50_000 && waitMs <= 60_000, `asked for again in ${waitMs} ms`)
  made.mesh.hint(instance('A1', portOf(server), { sec: 'secret' }))
  await setImmediate()
  assert.deepEqual(made.failed, ['A1'])
  // The peer has our kind of security now.
  server.removeAllListeners('connection')
  const dial = once(server, 'connection')
  made.mesh.hint(instance('A1', portOf(server)))
  await within(dial, 'it is not dialed')
})

test('a dial under way also tries an address of a later hint', async () => {
  const live = await silentServer()
  const made = meshWith({ helloTimeoutMs: 60_000 })
  const dial = once(live, 'connection')
  made.announce(instance('A1', await deafPort()))
  await until(() => made.attempts.length > 0, 'the dead address is not dialed')
  made.mesh.hint(instance('A1', portOf(live)))
  await within(dial, 'the live address is not dialed')
  assert.deepEqual(made.failed, [])
})

test('a dial that the peer declines is not a failure, and is repeated', async () => {
  const server = await silentServer()
  let dials = 0
  server.on('connection', (socket) => {
    dials++
    socket.write(encodeAnswer({ status: 'connected' }))
  })
  const { mesh, failed, announce } = parts(meshWith())
  announce(instance('A1', portOf(server)))
  await until(() => dials === 3 && mesh.peers().get('A1')?.state === 'waiting', 'it is not repeated')
  assert.deepEqual([mesh.peers().get('A1')?.failures, failed], [0, []])
})

test('a peer that is seen is not waited for if a subscriber to that change closes the mesh', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const made = meshWith({ expect: expecting(1) })
  const changes: string[] = []
  const subscriber = (message: unknown) => {
    const { service, to } = message as StateChange
    if (service !== made.uuid) return
    changes.push(to)
    void made.close()
  }
  subscribe('tcpnet:change', subscriber)
  cleanUps.push(() => unsubscribe('tcpnet:change', subscriber))
  made.mesh.seen('A1')
  await made.close()
  t.mock.timers.tick(1)
  assert.deepEqual(changes, ['announced', 'gone'])
})

test('a question that ends because the peer has dialed does not count as a failure', async () => {
  const budget = new ConnectBudget(CONNECT_LIMITS, () => 0)
  const unanswered: Discovery['locate'] = (_uuid, signal) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)))
  const [one, other] = [await TestMesh.listening({}, { budget, locate: unanswered }), await TestMesh.listening()]
  cleanUps.push(() => void Promise.all([one.close(), other.close()]))
  one.mesh.seen(other.uuid)
  await until(() => one.questions.length > 0, 'it is not asked for')
  assert.equal(budget.questionsLeft, CONNECT_LIMITS.questions.burst - 1)
  other.announce(one.instance)
  await until(() => one.connected.size === 1, 'no connection')
  await setImmediate()
  assert.equal(budget.questionsLeft, CONNECT_LIMITS.questions.burst)
})

test('a queue of many peers is not searched again for each peer that is withdrawn', async () => {
  let reads = 0
  class CountedBudget extends ConnectBudget {
    override get questionsLeft(): number {
      reads++
      return super.questionsLeft
    }
  }
  const budget = new CountedBudget(CONNECT_LIMITS, () => 0)
  while (budget.takeQuestion());
  const made = new TestMesh({}, { budget })
  cleanUps.push(() => void made.close())
  const uuids = Array.from({ length: 500 }, () => randomUuid())
  for (const uuid of uuids) made.mesh.seen(uuid)
  // The budget is read for each peer when its turn comes.
  await until(() => reads >= uuids.length, 'they do not wait')
  reads = 0
  for (const uuid of uuids) made.mesh.gone(uuid)
  await setImmediate()
  assert.equal(made.mesh.peers().size, 0)
  assert.ok(reads < 10 * uuids.length, `${reads} looks at the budget for ${uuids.length} peers`)
})

test('a hint that comes after all addresses failed is tried by the same dial, while the question has no answer', async () => {
  const live = await silentServer()
  const unanswered = new Promise<null>(() => {})
  const connect: Connect = (endpoint) => (endpoint.port === 1 ? refused : connectTo(endpoint))
  const refused = new Socket()
  const made = new TestMesh({ helloTimeoutMs: 60_000, slowAfterMs: 1 }, { connect, locate: () => unanswered })
  cleanUps.push(() => void made.close())
  const dial = once(live, 'connection')
  made.mesh.hint(instance('A1', 1))
  await until(() => made.questions.length > 0, 'it is not asked for')
  const closed = new Promise((resolve) => refused.once('close', resolve))
  refused.destroy(new Error('refused'))
  await closed
  made.mesh.hint(instance('A1', portOf(live)))
  await within(dial, 'the second hint is not dialed')
  assert.deepEqual(made.questions, ['A1'])
})

test('a hint that a dial under way has tried does not cause another dial', async () => {
  // Never connects, as with a host that is down.
  const connect = () => new Socket()
  const made = new TestMesh({ helloTimeoutMs: 300 }, { connect })
  cleanUps.push(() => void made.close())
  made.mesh.hint(instance('A1', 1))
  await until(() => made.attempts.length > 0, 'the first hint is not dialed')
  made.mesh.hint(instance('A1', 2))
  await until(() => made.mesh.peers().size === 0, 'the dial does not end')
  assert.deepEqual(
    made.attempts.map(({ port }) => port),
    [1, 2]
  )
})

test('hints at peers that cannot be dialed are kept up to a limit, which does not hold for announced peers', async () => {
  const made = meshWith({ maxPeers: 0, maxKnown: 3 })
  for (const uuid of ['A1', 'A2', 'A3', 'A4', 'A3']) made.mesh.hint(instance(uuid, 1))
  made.mesh.seen('A5')
  await setImmediate()
  assert.deepEqual([...made.mesh.peers().keys()], ['A1', 'A2', 'A3', 'A5'])
})
