import { Socket } from 'node:net'
import { watchEnding } from './ending.js'

/** A socket error without a listener crashes the process; without our listener for `close` the mesh does not notice the end. */
const EVENTS = ['close', 'error'] as const

/** The sockets of a mesh that belong to the application, until they have closed, each with its owner. */
export class Connections<Owner> {
  readonly #owners = new Map<Socket, Owner>()
  /** The listener for `close` of all sockets. */
  readonly #onClose: (this: Socket) => void
  #onAllClosed: (() => void) | null = null

  /** @param onClosed called when a socket has closed, before the listeners of the application */
  constructor(onClosed: (socket: Socket, owner: Owner) => void) {
    const closed = (socket: Socket) => {
      const owner = this.#owners.get(socket)
      if (owner === undefined || !this.#owners.delete(socket)) return
      onClosed(socket, owner)
      this.#endIfAllClosed()
    }
    this.#onClose = function () {
      closed(this)
    }
  }

  get size(): number {
    return this.#owners.size
  }

  add(socket: Socket, owner: Owner): void {
    this.#owners.set(socket, owner)
    socket.on('close', this.#onClose)
    watchEnding(socket)
    keepListeners(socket)
  }

  /**
   * Ends every connection gracefully, and resets those that have not ended after `graceMs`. `done` is called when all are
   * closed, never from within this call. To be called once.
   */
  close(graceMs: number, reset: (socket: Socket) => void, done: () => void): void {
    const timer = setTimeout(() => {
      for (const socket of this.#owners.keys()) reset(socket)
    }, graceMs)
    this.#onAllClosed = () => {
      clearTimeout(timer)
      done()
    }
    // Also needed if the last socket is closing already, or there is none.
    process.nextTick(() => this.#endIfAllClosed())
    for (const socket of this.#owners.keys()) {
      socket.end()
      // The application does not read: the remaining data has to be read before the end of the other side is seen.
      if (socket.readableFlowing === null) socket.resume()
    }
  }

  #endIfAllClosed(): void {
    if (this.#owners.size > 0) return
    const done = this.#onAllClosed
    this.#onAllClosed = null
    done?.()
  }
}

/** The listeners of all sockets that are kept: one set, because two lists for each socket take as much memory as a link. */
const kept = new WeakSet<object>()

/**
 * Keeps the listeners that a socket has before the application gets it, even if the application removes all listeners, for
 * example to hand the socket on. (Node 20 does not always emit `removeListener` then.)
 */
function keepListeners(socket: Socket): void {
  for (const event of EVENTS) for (const listener of socket.rawListeners(event)) kept.add(listener)
  Object.defineProperty(socket, 'removeAllListeners', { value: removeAllButKept, configurable: true, writable: true })
}

function removeAllButKept(this: Socket, ...which: [event?: string]): Socket {
  const own = EVENTS.map((event) => this.rawListeners(event).filter((listener) => kept.has(listener)) as (() => void)[])
  Socket.prototype.removeAllListeners.apply(this, which)
  for (const [i, event] of EVENTS.entries()) {
    const left = this.rawListeners(event)
    for (const listener of own[i] ?? []) if (!left.includes(listener)) this.on(event, listener)
  }
  return this
}
