import type { TcpnetError } from '../errors.js'
import { backoffMs, GOOD_CONNECTION_MS } from './backoff.js'

/** How long a peer with another kind of security is not asked for, in milliseconds: doubling, up to ten minutes. */
const FIRST_OBJECTION_MS = 60_000
const LONGEST_OBJECTION_MS = 600_000

/** What has failed between a service and one of its peers since the last good connection, and how long the next dial waits for it. */
export class Failures {
  #count = 0
  /** The failures, and the dials that the peer declined because it has a connection. */
  #vainDials = 0
  /** How often in a row the peer was found to have another kind of security. */
  #objections = 0
  #error: Error | null = null

  /** Dials that failed, and connections that did not last, in a row. */
  get count(): number {
    return this.#count
  }

  /** Why the last dial failed, or why none is made; null once connected. */
  get error(): Error | null {
    return this.#error
  }

  /** Whether the peer is not dialed because it has another kind of security. */
  get isBarred(): boolean {
    return this.#objections > 0
  }

  /** A dial failed. */
  add(error: Error): void {
    this.#count++
    this.#vainDials++
    this.#error = error
    this.#objections = 0
  }

  /** A dial was declined: no failure, but no reason either to dial again at once. It shows that the peer has our kind of security. */
  declined(): void {
    this.#vainDials++
    this.#objections = 0
  }

  /**
   * The peer has another kind of security.
   *
   * @returns whether that is news
   */
  objectedTo(objection: TcpnetError): boolean {
    this.#objections++
    this.#error = objection
    return this.#objections === 1
  }

  connected(): void {
    this.#error = null
    this.#objections = 0
  }

  /** A connection closed that stood for so long. */
  lost(stoodMs: number): void {
    const wasGood = stoodMs >= GOOD_CONNECTION_MS
    this.#count = wasGood ? 0 : this.#count + 1
    this.#vainDials = wasGood ? 0 : this.#vainDials + 1
  }

  /** Milliseconds to wait before the next dial; or before the peer is asked whether it has our kind of security now. */
  backoffMs(): number {
    if (this.isBarred) return Math.min(FIRST_OBJECTION_MS * 2 ** (this.#objections - 1), LONGEST_OBJECTION_MS)
    return backoffMs(Math.max(this.#vainDials, 1), Math.random())
  }
}
