// Connections whose other end is gone, on a side that does not read.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, it } from 'node:test'
import { addon } from '#tcpnet/addon.js'
import { DeadPeerWatch, SHORTEST_DEAD_PEER_TIMEOUT_MS } from '#tcpnet/net/dead-peer.js'
import { Cluster, connection } from '../support/cluster.js'
import { socketPair } from '../support/sockets.js'
import { next, until } from '../support/wait.js'

const cluster = new Cluster()
afterEach(() => cluster.close())

const notLinux =
  process.platform === 'linux' ? false : 'the state of a connection is read from the kernel on Linux only'

function isClosed(socket: Socket): boolean {
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
  return addon().isClosed(fd)
}

/** One end of a connection that was reset: the other end sent a byte and closed, and then this end wrote. */
async function resetUnread(): Promise<Socket> {
  const { near, far } = await socketPair()
  far.write('x')
  far.end()
  await until(() => near.readableLength === 1, 'the byte has arrived')
  far.destroy()
  await next(far, 'close')
  assert.equal(isClosed(near), false)
  near.write('a')
  await until(() => isClosed(near), 'the kernel has closed it')
  return near
}

it('a connection that was reset is closed if nothing reads it', { skip: notLinux }, async () => {
  const near = await resetUnread()
  const sockets: Socket[] = []
  const watch = new DeadPeerWatch(SHORTEST_DEAD_PEER_TIMEOUT_MS, sockets)
  const failed = next(near, 'error')
  const closed = next(near, 'close')
  sockets.push(near)
  watch.added(near)
  assert.equal(((await failed)[0] as NodeJS.ErrnoException).code, 'ECONNRESET')
  await closed
  sockets.pop()
  watch.removed(0)
})

it('a connection that was reset stays open while the application reads it, byte by byte', {
  skip: notLinux
}, async () => {
  const [slow, unread] = [await resetUnread(), await resetUnread()]
  const sockets: Socket[] = []
  const watch = new DeadPeerWatch(SHORTEST_DEAD_PEER_TIMEOUT_MS, sockets)
  slow.pause()
  const closed = next(unread, 'close')
  for (const socket of [slow, unread]) {
    sockets.push(socket)
    watch.added(socket)
  }
  // Both are checked at the same time.
  await closed
  assert.equal(slow.destroyed, false)
  slow.resume()
  assert.equal(String((await next(slow, 'data'))[0]), 'x')
  for (const socket of sockets.splice(0)) {
    socket.destroy()
    watch.removed(0)
  }
})

it('the end of a connection is detected if nothing reads it and no byte is unread', async () => {
  const [here, there] = await connection(await cluster.member(), await cluster.member())
  assert.equal(here.readableFlowing, null)
  const closed = next(here, 'close')
  there.destroy()
  await closed
})
