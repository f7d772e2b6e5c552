import type { Socket } from 'node:net'

/** Connections that the peer ended before this side did. */
const endedByPeer = new WeakSet<Socket>()

/** Notes which side ends a connection first. To be called before the application gets the socket. */
export function watchEnding(socket: Socket): void {
  socket.on('end', noteEnd)
}

/**
 * One function for all sockets. After it, in the next tick, the socket ends its own side unless that has happened already. On
 * Bun `end` is also emitted for a destroyed socket.
 */
function noteEnd(this: Socket): void {
  if (!this.writableEnded && !this.destroyed) endedByPeer.add(this)
}

/** How a closed connection ended, as text: which side ended it, or which error. */
export function endingOf(socket: Socket): string {
  const { errored } = socket as Socket & { readonly errored?: NodeJS.ErrnoException | null }
  switch (errored?.code) {
    case 'ECONNRESET':
    case 'EPIPE':
      return `the peer reset it (${errored?.code})`
    case 'ETIMEDOUT':
      return "the peer's host does not answer any more (ETIMEDOUT)"
  }
  if (errored) return `it failed on this side (${errored.code ?? errored.message})`
  if (endedByPeer.has(socket)) return 'the peer ended it'
  return socket.writableEnded ? 'this side ended it, with end()' : 'this side destroyed it, with destroy()'
}
