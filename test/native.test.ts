import assert from 'node:assert/strict'
import { connect, createServer, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { addon } from '#tcpnet/addon.js'

// What the addon does without a daemon.

const DEAD_PEER = { idle: 2, interval: 1, count: 3, userTimeout: 5000 }

/** A file descriptor's number, which Node tells nobody officially. */
function descriptorOf(socket: Socket): number {
  const handle = (socket as unknown as { _handle: { fd: number } })._handle
  return handle.fd
}

test('interfaces() lists what the system lists', () => {
  const bare = (address: string) => address.split('%')[0]
  const expected = Object.entries(networkInterfaces()).flatMap(([name, entries = []]) =>
    entries.map(({ family, address, internal }) => `${name} ${family} ${bare(address)} ${internal}`)
  )
  const listed = addon()
    .interfaces()
    .filter(({ up }) => up)
    .map(({ name, family, address, loopback }) => `${name} IPv${family} ${address} ${loopback}`)
  assert.deepEqual(listed.sort(), expected.sort())
  for (const { index } of addon().interfaces()) assert.ok(index > 0)
})

test('setDeadPeerOptions() sets a TCP socket, and tells the errno for anything else', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  assert.equal(addon().setDeadPeerOptions(descriptorOf(socket), DEAD_PEER), 0)
  assert.equal(addon().setDeadPeerOptions(descriptorOf(socket), { ...DEAD_PEER, userTimeout: 0 }), 0)
  assert.notEqual(addon().setDeadPeerOptions(-1, DEAD_PEER), 0)
  socket.destroy()
  server.close()
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
    probe: [undefined, 1]
  }
  const native = addon() as unknown as Record<string, (...list: unknown[]) => unknown>
  const never = () => assert.fail('called')
  for (const [key, values] of Object.entries(wrong)) {
    for (const value of values) {
      assert.throws(() => native.openSession?.({ ...options, [key]: value }, never), TypeError, `${key} ${value}`)
    }
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
})
