// Whom a mesh dials, and what becomes of a dial: over sockets, without discovery.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Instance } from '#tcpnet/discovery/discovery.js'
import type { TcpnetError } from '#tcpnet/errors.js'
import { Dial, type DialResult } from '#tcpnet/mesh/dialer.js'
import { encodeAnswer } from '#tcpnet/mesh/hello.js'
import { DEFAULT_LIMITS } from '#tcpnet/mesh/limits.js'
import { Link } from '#tcpnet/mesh/link.js'
import { Mesh } from '#tcpnet/mesh/mesh.js'
import { connectTo } from '#tcpnet/mesh/race.js'
import { plain } from '#tcpnet/security/security.js'
import { unlimited } from './support/allowance.js'
import { until, within } from './support/wait.js'

const LIMITS = { ...DEFAULT_LIMITS, maxDials: 1, goodbyeMs: 0 }

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

/** A mesh of our own, and the uuids of the peers that it told a failed dial of. */
function meshWith(helloTimeoutMs = LIMITS.helloTimeoutMs): { mesh: Mesh; failed: string[] } {
  const failed: string[] = []
  const mesh = new Mesh({
    name: 'x',
    uuid: 'FF',
    boot: '0123456789abcdef',
    security: plain,
    limits: { ...LIMITS, helloTimeoutMs },
    onConnection: () => {},
    onDisconnected: () => {},
    onDialFailed: (_error, { uuid }) => failed.push(uuid),
    onRejected: () => {}
  })
  cleanUps.push(() => mesh.close(0, () => {}))
  return { mesh, failed }
}

/** A server that answers nothing. */
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

/** A port where dials come to no end: its process stands still, and the kernel has no room for more. */
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
    await Promise.race([once(socket, 'connect'), setTimeout(500)])
    // What has come while this process was busy is read first.
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

test('a turn to dial is not lost with a peer that is not to be dialed any more', async () => {
  const [first, wanted] = [await silentServer(), await silentServer()]
  const { mesh } = meshWith()
  const firstDial = once(first, 'connection')
  mesh.up(instance('A1', portOf(first)))
  const [socket] = (await within(firstDial, 'the first peer is dialed')) as [Socket]
  const dial = once(wanted, 'connection')
  // Turns go to the newest and to the oldest alike.
  const barred = ['B1', 'B2', 'B3', 'B4']
  for (const uuid of barred.slice(0, 2)) mesh.up(instance(uuid, 1))
  mesh.up(instance('A2', portOf(wanted)))
  for (const uuid of barred.slice(2)) mesh.up(instance(uuid, 1))
  await setImmediate()
  for (const uuid of barred) mesh.up(instance(uuid, 1, { sec: 'secret' }))
  mesh.down('A1')
  socket.destroy()
  await within(dial, 'the peer in the middle is dialed')
})

test('a hint that leads nowhere is forgotten without a word, and an announcement is told of', async () => {
  const { mesh, failed } = meshWith()
  mesh.hint(instance('A1', 1))
  assert.equal(mesh.peers().get('A1')?.state, 'announced')
  await until(() => mesh.peers().size === 0, 'it is forgotten')
  assert.deepEqual(failed, [])
  mesh.up(instance('A1', 1))
  await until(() => failed.length > 0, 'it is told')
  assert.deepEqual(failed, ['A1'])
})

test('an announcement corrects a hint that is being dialed', async () => {
  const [hinted, announced] = [await deafPort(), await silentServer()]
  const { mesh, failed } = meshWith(60_000)
  const dial = once(announced, 'connection')
  mesh.hint(instance('A1', hinted))
  await until(() => mesh.peers().get('A1')?.state === 'dialing', 'the hint is not dialed')
  // A daemon tells of each interface and family by itself.
  mesh.up(instance('A1', hinted))
  mesh.up(instance('A1', portOf(announced)))
  await within(dial, 'the announced peer is dialed')
  assert.deepEqual(failed, [])
})

test('a peer with another kind of security is told of when its connection is gone', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => server.close())
  const { mesh, failed } = meshWith()
  const dial = once(server, 'connection')
  mesh.up(instance('A1', portOf(server)))
  const [socket] = (await within(dial, 'the peer is dialed')) as [Socket]
  socket.on('error', () => {}).resume()
  socket.write(encodeAnswer({ status: 'ok', seq: 1, boot: 'fedcba9876543210' }))
  await until(() => mesh.peers().get('A1')?.state === 'connected', 'it is connected')
  mesh.up(instance('A1', portOf(server), { sec: 'secret' }))
  await setImmediate()
  assert.deepEqual(failed, [])
  socket.destroy()
  await until(() => failed.length > 0, 'it is told')
  const { state, error } = mesh.peers().get('A1') ?? assert.fail()
  assert.deepEqual([state, (error as TcpnetError).code], ['announced', 'ERR_TCPNET_SECURITY'])
  mesh.up(instance('A1', portOf(server), { sec: 'secret', changed: '1' }))
  await setImmediate()
  assert.deepEqual(failed, ['A1'])
})

test('addresses that were tried in vain are dialed last, the latest of them at the very end', () => {
  const link = new Link('A1', { name: 'x', uuid: 'FF' })
  const [a, b, c] = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const
  const paths = [a, b, c].map((address) => ({ interfaceIndex: 1, family: 4 as const, address }))
  link.announced({ ...instance('A1', 1), paths })
  const order = () => link.places.endpoints().map(({ address }) => address)
  assert.deepEqual(order(), [a, b, c])
  link.places.suspect([a, b])
  assert.deepEqual(order(), [c, a, b])
  link.places.suspect([c])
  assert.deepEqual(order(), [a, b, c])
  link.places.suspect([a])
  assert.deepEqual(order(), [b, c, a])
  link.places.met(a)
  assert.deepEqual(order(), [a, b, c])
})

test('a dial tells which addresses it has tried', async () => {
  const closed = await silentServer()
  const port = portOf(closed)
  closed.close()
  for (const addresses of [['127.0.0.1'], ['127.0.0.1', '127.0.0.2']]) {
    const endpoints = addresses.map((address) => ({ address, family: 4 as const, port }))
    const hello = () => assert.fail('nobody is reached')
    const target = {
      uuid: 'A1',
      endpoints,
      security: plain,
      deadlineMs: 5000,
      slowAfterMs: DEFAULT_LIMITS.slowAfterMs,
      hello,
      connect: connectTo,
      allowance: unlimited()
    }
    const result = await new Promise<DialResult>((resolve) => new Dial(target, resolve))
    assert.deepEqual(result.kind === 'failed' ? result.addresses : [], addresses)
  }
})

test('a dial under way takes in an address that is announced later', async () => {
  const live = await silentServer()
  const { mesh, failed } = meshWith(60_000)
  const dial = once(live, 'connection')
  const dead = await deafPort()
  mesh.up(instance('A1', dead))
  await until(() => mesh.peers().get('A1')?.state === 'dialing', 'the dead address is dialed')
  mesh.up(instance('A1', portOf(live)))
  await within(dial, 'the live address is dialed')
  assert.deepEqual(failed, [])
})

test('a hint with one wrong address is suspected', async () => {
  const link = new Link('A1', { name: 'x', uuid: 'FF' })
  const endpoints = [{ address: '127.0.0.9', family: 4 as const, port: 1 }]
  const hello = () => assert.fail('nobody is reached')
  // Never answered: as of a host that is not there.
  const connect = () => new Socket()
  const target = {
    uuid: 'A1',
    endpoints,
    security: plain,
    deadlineMs: 1,
    slowAfterMs: 1,
    hello,
    connect,
    allowance: unlimited()
  }
  const result = await new Promise<DialResult>((resolve) => new Dial(target, resolve))
  assert.ok(result.kind === 'failed')
  link.places.suspect(result.addresses)
  const paths = ['127.0.0.9', '127.0.0.1'].map((address) => ({ interfaceIndex: 1, family: 4 as const, address }))
  link.announced({ ...instance('A1', 1), paths })
  assert.deepEqual(
    link.places.endpoints().map(({ address }) => address),
    ['127.0.0.1', '127.0.0.9']
  )
})

test('a dial that the peer declines is no failure, and is repeated', async () => {
  const server = await silentServer()
  let dials = 0
  server.on('connection', (socket) => {
    dials++
    socket.write(encodeAnswer({ status: 'connected' }))
  })
  const { mesh, failed } = meshWith()
  mesh.up(instance('A1', portOf(server)))
  await until(() => dials === 3 && mesh.peers().get('A1')?.state === 'waiting', 'it is repeated')
  assert.deepEqual([mesh.peers().get('A1')?.failures, failed], [0, []])
})

test('the delay before the next dial grows with dials that fail, are declined, or give a short connection', () => {
  const link = new Link('A1', { name: 'x', uuid: 'FF' })
  link.declined()
  link.failed(new Error('no'), [])
  link.lost(performance.now())
  assert.ok(link.backoffMs() >= 300)
  assert.equal(link.toPeer().failures, 2)
  link.lost(performance.now() - 15_000)
  assert.ok(link.backoffMs() <= 100)
  assert.equal(link.toPeer().failures, 0)
})
