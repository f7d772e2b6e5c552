import type { Socket } from 'node:net'

/** Without a listener for errors they crash the process; without ours for `close` the mesh waits for it in vain. */
const EVENTS = ['close', 'error'] as const

/**
 * Keeps the listeners that a socket has before the application gets it, also where the application takes all listeners
 * off it, as one does that hands it on. (Node 20 does not always emit `removeListener` then.)
 */
export function keepListeners(socket: Socket): void {
  const own = EVENTS.map((event) => [event, socket.rawListeners(event) as (() => void)[]] as const)
  const { removeAllListeners } = socket
  const value = function (this: Socket, ...which: [event?: string]) {
    removeAllListeners.apply(this, which)
    for (const [event, listeners] of own) {
      const left = this.rawListeners(event)
      for (const listener of listeners) if (!left.includes(listener)) this.on(event, listener)
    }
    return this
  }
  Object.defineProperty(socket, 'removeAllListeners', { value, configurable: true, writable: true })
}
