import { Socket } from 'node:net'
import { watchEnding } from './ending.js'

/** Without a listener for errors, sockets crash the process; without ours for `close`, the mesh never learns of it. */
const EVENTS = ['close', 'error'] as const

/** The sockets of a mesh that are the application's, until they have closed, each with its owner. */
export class Connections<Owner> {
  readonly #owners = new Map<Socket, Owner>()
  /** The listener for `close` of all sockets. */
  readonly #onClose: (this: Socket) => void
  #onAllClosed: (() => void) | null = null

  /** @param onClosed called when a socket has closed, before the application hears of it */
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
   * Ends every connection gracefully; what has not ended after `graceMs` is reset. `done` is called once all are closed,
   * never from within. To be called once.
   */
  close(graceMs: number, reset: (socket: Socket) => void, done: () => void): void {
    const timer = setTimeout(() => {
      for (const socket of this.#owners.keys()) reset(socket)
    }, graceMs)
    this.#onAllClosed = () => {
      clearTimeout(timer)
      done()
    }
    // Also where the last one's close is under way.
    process.nextTick(() => this.#endIfAllClosed())
    for (const socket of this.#owners.keys()) {
      socket.end()
      // The application does not read: what is left has to be read before the other side's end is seen.
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

/** The listeners that are kept, of all sockets: one set, because two lists for each socket take as much memory as a link. */
const kept = new WeakSet<object>()

/**
 * Keeps the listeners that a socket has before the application gets it, also where the application takes all listeners
 * off it, as one does that hands it on. (Node 20 does not always emit `removeListener` then.)
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
