import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Addon } from '../addon.js'
import { descriptorOf } from '../net/descriptor.js'

/** Milliseconds between two attempts to receive, at first: what a handshake of a member waits for comes within 1-5 ms. */
const SHORTEST_WAIT_MS = 1
const LONGEST_WAIT_MS = 50
/** The part of a handshake's age that the next attempt waits for: a slow handshake takes little longer, and costs little. */
const WAIT_AFTER = 0.1

export type Receive = Addon['receive']

/** The methods of Node's TLS streams that this file uses; they are not documented. */
interface Handle {
  readStart(): unknown
  readStop(): unknown
  /** Passes bytes to TLS, as if they had been read from the connection. */
  receive(bytes: Uint8Array): unknown
}

export interface FeedOptions {
  readonly secured: TLSSocket
  /** The TCP socket below it, of which nothing was read yet, or only what came before the certificates. */
  readonly raw: Socket
  /** The most bytes that are passed on. */
  readonly limit: number
  readonly receive: Receive
  /** Called once, instead of passing on more bytes than the limit. */
  readonly onTooLong: () => void
}

/**
 * Passes the other side's part of a handshake to TLS, up to a limit. Node alone would read 64 KiB at once, and OpenSSL verifies
 * all certificates of a chain in one call: with giant exponents, 75 of them hold the event loop for 400 ms. Neither has a limit
 * that a library can set. After the handshake Node reads the connection itself, so that nothing is left to pay.
 */
export class HandshakeFeed {
  readonly #options: FeedOptions
  readonly #handle: Handle
  readonly #descriptor: number
  readonly #since = performance.now()
  #left: number
  #timer: NodeJS.Timeout | undefined

  private constructor(options: FeedOptions, handle: Handle, descriptor: number) {
    this.#options = options
    this.#handle = handle
    this.#descriptor = descriptor
    this.#left = options.limit
    handle.readStop()
    // Node may begin to read the two sockets in this turn: after `connect`, and in the next tick after the TLS socket was made.
    process.nextTick(() => {
      if (this.#timer !== undefined && this.#isAlive()) handle.readStop()
    })
    this.#wait()
  }

  /** Takes reading over from Node. Null if this runtime does not allow it: then Node reads all of the handshake. */
  static begin(options: FeedOptions): HandshakeFeed | null {
    const { _handle: handle } = options.secured as TLSSocket & { _handle?: Partial<Handle> | null }
    const descriptor = descriptorOf(options.raw)
    return descriptor !== null && isHandle(handle) ? new HandshakeFeed(options, handle, descriptor) : null
  }

  /** Node reads from now on. Idempotent. */
  end(): void {
    if (!this.#isAlive()) return this.#stop()
    if (this.#timer === undefined) return
    this.#stop()
    this.#handle.readStart()
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #isAlive(): boolean {
    const { secured, raw } = this.#options
    return !secured.destroyed && !raw.destroyed && descriptorOf(raw) === this.#descriptor
  }

  #wait(): void {
    const age = performance.now() - this.#since
    const wait = Math.min(Math.max(age * WAIT_AFTER, SHORTEST_WAIT_MS), LONGEST_WAIT_MS)
    this.#timer = setTimeout(this.#receive, wait)
  }

  readonly #receive = (): void => {
    if (!this.#isAlive()) return this.#stop()
    // One more than may come, to notice it.
    const bytes = Buffer.allocUnsafe(this.#left + 1)
    const count = this.#options.receive(this.#descriptor, bytes)
    // The other end has closed the connection: Node notices that by itself.
    if (count < 0) return this.end()
    if (count > this.#left) {
      this.#stop()
      return this.#options.onTooLong()
    }
    this.#wait()
    if (count === 0) return
    this.#left -= count
    // Perhaps the end of the handshake: then end() is called within.
    this.#handle.receive(bytes.subarray(0, count))
  }
}

function isHandle(handle: Partial<Handle> | null | undefined): handle is Handle {
  return [handle?.readStart, handle?.readStop, handle?.receive].every((method) => typeof method === 'function')
}
