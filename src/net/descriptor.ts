import type { Server, Socket } from 'node:net'

/** The file descriptor of a socket or server, for which Node has no public API; null if there is none. */
export function descriptorOf(socket: Socket | Server): number | null {
  const handle = (socket as { _handle?: { fd?: unknown } | null })._handle
  return typeof handle?.fd === 'number' && handle.fd >= 0 ? handle.fd : null
}
