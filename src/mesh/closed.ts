import type { Socket } from 'node:net'

/**
 * Calls a listener when a socket has closed: also where the application takes all listeners off its socket, as one does
 * that hands it on. (That the event `removeListener` comes then is not so on Node 20.)
 */
export function onClosed(socket: Socket, listener: () => void): void {
  socket.on('close', listener)
  const { removeAllListeners } = socket
  const value = function (this: Socket, ...event: [string?]) {
    removeAllListeners.apply(this, event)
    return this.listeners('close').includes(listener) ? this : this.on('close', listener)
  }
  Object.defineProperty(socket, 'removeAllListeners', { value, configurable: true, writable: true })
}
