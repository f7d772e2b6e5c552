import type { Socket } from 'node:net'
import { addon, type DeadPeerOptions } from './addon.js'
import { trace } from './trace.js'

/** The shortest time in which a dead peer can be noticed, in milliseconds: keep-alive counts in whole seconds. */
export const SHORTEST_DEAD_PEER_TIMEOUT_MS = 2000

/** The longest, in milliseconds: a day. The kernel takes no keep-alive that begins after 32,767 seconds. */
export const LONGEST_DEAD_PEER_TIMEOUT_MS = 86_400_000

/**
 * Options of the kernel with which the other end's silence closes a connection within `timeoutMs`, whether or not data is
 * under way: probes from a fifth of the time on, so that several may be lost, and an end that leaves one probe's time
 * to spare.
 *
 * @param timeoutMs from {@link SHORTEST_DEAD_PEER_TIMEOUT_MS} to {@link LONGEST_DEAD_PEER_TIMEOUT_MS}
 */
export function deadPeerOptions(timeoutMs: number): DeadPeerOptions {
  const seconds = Math.floor(timeoutMs / 1000)
  const interval = Math.max(1, Math.floor(seconds / 5))
  return {
    idle: interval,
    interval,
    count: Math.max(1, Math.floor(seconds / interval) - 2),
    userTimeout: Math.max(timeoutMs - 1500 * interval, 500)
  }
}

/**
 * Has the kernel close a connection whose other end has fallen silent. Without the addon or a descriptor (on other
 * runtimes than Node) it is Node's own keep-alive, which begins after a fifth of the time and then takes the system's
 * own intervals: minutes.
 *
 * @param timeoutMs 0 leaves the system's defaults
 */
export function watchForDeadPeer(socket: Socket, timeoutMs: number): void {
  if (timeoutMs === 0) return
  const options = deadPeerOptions(timeoutMs)
  const descriptor = descriptorOf(socket)
  try {
    const errno = descriptor === null ? 'no descriptor' : addon().setDeadPeerOptions(descriptor, options)
    if (errno === 0) return
    trace('the options for dead peers were refused: %s', errno)
  } catch (error) {
    trace('no options for dead peers: %s', (error as Error).message)
  }
  socket.setKeepAlive(true, options.idle * 1000)
}

/** The socket's file descriptor: Node has no public way to it. */
function descriptorOf(socket: Socket): number | null {
  const handle = (socket as { _handle?: { fd?: unknown } | null })._handle
  return typeof handle?.fd === 'number' && handle.fd >= 0 ? handle.fd : null
}
