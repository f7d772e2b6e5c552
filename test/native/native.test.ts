import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { addon } from '#tcpnet/addon.js'
import { runProgram } from '../support/child.js'
import { socketPair } from '../support/sockets.js'
import { until } from '../support/wait.js'

// The functions of the addon that need no daemon.

const DEAD_PEER = { idle: 2, interval: 1, count: 3, dropTime: 5 }

/** The number of a socket's file descriptor, for which Node has no public property. */
function descriptorOf(socket: Socket | Server): number {
  const handle = (socket as unknown as { _handle: { fd: number } })._handle
  return handle.fd
}

test('interfaces() lists what the system lists', () => {
  const bare = (address: string) => address.split('%')[0]
  const expected = Object.entries(networkInterfaces()).flatMap(([name, entries = []]) =>
    entries.map(({ family, address, internal, cidr }) => {
      return `${name} ${family} ${bare(address)}/${cidr?.split('/')[1]} ${internal}`
    })
  )
  const listed = addon()
    .interfaces()
    .filter(({ up }) => up)
    .map(({ name, family, address, prefixLength, loopback }) => {
      return `${name} IPv${family} ${address}/${prefixLength} ${loopback}`
    })
  assert.deepEqual(listed.sort(), expected.sort())
  for (const { index } of addon().interfaces()) assert.ok(index > 0)
})

test('interfaceChanges() stays the same while nothing changes', {
  skip: process.platform !== 'linux' && 'other systems do not tell'
}, () => {
  addon().interfaceChanges()
  const changes = addon().interfaceChanges()
  assert.equal(addon().interfaceChanges(), changes)
})

test('setDeadPeerOptions() sets the options of a TCP socket, and returns the errno for anything else', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  assert.equal(addon().setDeadPeerOptions(descriptorOf(socket), DEAD_PEER), 0)
  assert.equal(addon().silenceMs(descriptorOf(socket)), 0)
  assert.equal(addon().silenceMs(-1), 0)
  assert.equal(addon().segmentsIn(-1), 0)
  assert.equal(addon().isClosed(-1), false)
  assert.notEqual(addon().setDeadPeerOptions(-1, DEAD_PEER), 0)
  socket.destroy()
  server.close()
})

test('a TCP socket has a round-trip time, and unacknowledged bytes while the other end has no room', {
  skip: process.platform !== 'linux' && 'the round-trip time is available on Linux only'
}, async () => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  const [unread] = await Promise.all([
    new Promise<Socket>((resolve) => server.once('connection', resolve)),
    new Promise((resolve) => socket.once('connect', resolve))
  ])
  const roundTripUs = addon().roundTripUs(descriptorOf(socket))
  assert.ok(roundTripUs > 0 && roundTripUs < 1_000_000, `${roundTripUs} us`)
  assert.equal(addon().unacknowledgedBytes(descriptorOf(socket)), 0)
  socket.write(Buffer.alloc(64 * 1024 * 1024))
  assert.ok(addon().unacknowledgedBytes(descriptorOf(socket)) > 0)
  assert.deepEqual([addon().roundTripUs(-1), addon().unacknowledgedBytes(-1)], [0, 0])
  socket.destroy()
  unread.destroy()
  server.close()
})

test('segmentsIn() counts the probes that keep-alive sends, which come at once over a connection that was silent for longer', {
  skip: process.platform !== 'linux' && 'the number of segments is available on Linux only'
}, async () => {
  const { near, far } = await socketPair()
  const silentSince = performance.now()
  await until(() => performance.now() - silentSince > 1010, 'no second passes')
  const before = addon().segmentsIn(descriptorOf(far))
  const options = { idle: 1, interval: 60, count: 3, dropTime: 60 }
  assert.equal(addon().setDeadPeerOptions(descriptorOf(near), options), 0)
  await until(() => addon().segmentsIn(descriptorOf(far)) > before, 'no probe comes', 500)
  await until(() => addon().silenceMs(descriptorOf(near)) === 0, 'no answer comes')
  near.destroy()
  far.destroy()
})

test('receive() takes what has come, says that nothing has, and that nothing will', async () => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  const [accepted] = await Promise.all([
    new Promise<Socket>((resolve) => server.once('connection', resolve)),
    new Promise((resolve) => socket.once('connect', resolve))
  ])
  const into = Buffer.alloc(4)
  const receive = () => addon().receive(descriptorOf(accepted), into)
  assert.equal(receive(), 0)
  socket.end('abcdef')
  assert.equal(await until(() => receive() || null, 'nothing comes'), 4)
  assert.equal(into.toString(), 'abcd')
  assert.equal(await until(() => receive() || null, 'nothing more comes'), 2)
  assert.equal(into.toString(), 'efcd')
  assert.equal(await until(() => receive() || null, 'no end comes'), -1)
  assert.equal(addon().receive(-1, into), -1)
  accepted.destroy()
  server.close()
})

test('filterConnects() drops attempts to connect by their addresses, and lets connections be', {
  skip: process.platform !== 'linux' && 'the kernel of Linux alone has such filters'
}, async () => {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '::')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const from = (localAddress: string) => {
    const host = localAddress.includes(':') ? '::1' : '127.0.0.1'
    return connect({ port, host, localAddress }).on('error', () => {})
  }
  const filter = (listed: 'drop' | 'pass', addresses: string[]) => {
    assert.equal(addon().filterConnects(descriptorOf(server), listed, addresses), 0)
  }
  const echoes = async (socket: Socket) => {
    socket.write('x')
    assert.equal(String((await once(socket, 'data'))[0]), 'x')
  }
  const early = from('127.0.0.2')
  await once(early, 'connect')
  filter('drop', ['127.0.0.2', '127.0.0.4', '::1'])
  const dropped = [from('127.0.0.2'), from('::1')]
  const passed = from('127.0.0.3')
  await once(passed, 'connect')
  // A later one has connected, so these attempts have been dropped.
  assert.ok(dropped.every((socket) => socket.connecting))
  filter('pass', ['127.0.0.2', '127.0.0.4', '::1'])
  const other = from('127.0.0.3')
  // Attempts are repeated by the other end's kernel after a second.
  await Promise.all(dropped.map((socket) => once(socket, 'connect')))
  assert.ok(other.connecting)
  for (const socket of [early, ...dropped, passed]) await echoes(socket)
  filter('drop', [])
  filter('drop', [])
  await once(other, 'connect')
  for (const socket of [early, ...dropped, passed, other]) socket.destroy()
  server.close()
  assert.notEqual(addon().filterConnects(-1, 'drop', ['127.0.0.1']), 0)
})

test('wrong arguments are TypeErrors', () => {
  const options = {
    backend: 'avahi',
    type: '_tcpnet._tcp',
    instance: 'A',
    port: 1,
    txt: [],
    interfaceIndex: 0,
    probe: false
  }
  const wrong: Record<string, unknown[]> = {
    backend: ['', 'mdns', 1],
    type: [1, null],
    instance: [0x10],
    port: [0, 65536, 1.5, '1', Number.NaN],
    txt: ['v=1', [1]],
    interfaceIndex: [-1, 1.5, '1', 2 ** 31],
    probe: [undefined, 1],
    ownHost: [1, {}, { addresses: ['alpha'], isNeeded: true }, { addresses: ['192.0.2.1'] }]
  }
  const native = addon() as unknown as Record<string, (...list: unknown[]) => unknown>
  const never = () => assert.fail('called')
  for (const [key, values] of Object.entries(wrong)) {
    for (const value of values) {
      assert.throws(() => native.openSession?.({ ...options, [key]: value }, never), TypeError, `${key} ${value}`)
    }
  }
  for (const list of [[], ['1', Buffer.alloc(1)], [1], [1, 'text']]) {
    assert.throws(() => native.receive?.(...list), TypeError)
  }
  assert.throws(() => native.openSession?.(null, never), TypeError)
  assert.throws(() => native.openSession?.(options), TypeError)
  assert.throws(
    () =>
      native.openSession?.(
        {
          get backend() {
            throw new TypeError('getter')
          }
        },
        never
      ),
    TypeError
  )
  assert.throws(() => native.queryAddresses?.('host', 0, 1), TypeError)
  assert.throws(() => native.setDeadPeerOptions?.(1, { ...DEAD_PEER, idle: 0 }), TypeError)
  assert.throws(() => native.setDeadPeerOptions?.('1', DEAD_PEER), TypeError)
  assert.throws(() => native.filterConnects?.(1, 'drop', ['alpha']), TypeError)
  assert.throws(() => native.filterConnects?.(1, 'keep', []), TypeError)
  assert.throws(() => native.filterConnects?.('1', 'drop', []), TypeError)
  assert.throws(() => native.isClosed?.('1'), TypeError)
  assert.throws(() => native.roundTripUs?.('1'), TypeError)
  assert.throws(() => native.unacknowledgedBytes?.('1'), TypeError)
})

// libavahi-common stays loaded and calls the allocator functions of the addon. Node 20 unmaps an addon that no
// environment uses any more; the calls would then go to unmapped or other memory.
test('the addon stays in memory after prepareDnsSd() in a worker that ended', {
  skip: process.platform !== 'linux' && 'needs /proc'
}, async () => {
  const program = `
    import { once } from 'node:events'
    import { readFileSync } from 'node:fs'
    import { createRequire } from 'node:module'
    import { Worker } from 'node:worker_threads'
    const prepare = "require('node-gyp-build')(process.cwd()).prepareDnsSd()"
    await once(new Worker(prepare, { eval: true, execArgv: [] }), 'exit')
    const maps = readFileSync('/proc/self/maps', 'utf8')
    console.log(/[.]node$/m.test(maps) || !maps.includes('libavahi-common'))
    const addon = createRequire(process.cwd() + '/')('node-gyp-build')(process.cwd())
    const options = { type: '_tcpnet._tcp', instance: 'A', port: 1, txt: [], interfaceIndex: 0, probe: false }
    const patience = setTimeout(() => {}, 10_000)
    addon.openSession({ backend: 'avahi', ...options }, ({ type }) => {
      console.log(type)
      clearTimeout(patience)
    })
  `
  const ended = await runProgram(program, { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/nowhere' })
  assert.deepEqual(ended, { code: 0, signal: null, stdout: 'true\nfailed\n', stderr: '' })
})
