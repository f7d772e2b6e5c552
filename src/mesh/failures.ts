import { TcpnetError } from '../errors.js'
import { backoffMs, GOOD_CONNECTION_MS } from './backoff.js'
import type { Bar, Limits } from './limits.js'

/**
 * The failures between a service and one of its peers since the last good connection, and the backoff that follows from them.
 */
export class Failures {
  readonly #limits: Limits
  #count = 0
  /** The failures, and the dials that the peer declined because it has a connection. */
  #vainDials = 0
  /** Why the peer is not dialed, and how many times in a row. */
  #bar: { readonly kind: Bar; readonly times: number; readonly error: TcpnetError } | null = null
  /** Why the last dial failed. */
  #dialError: Error | null = null
  /** How the last connection ended, if it did not last. */
  #ending: TcpnetError | null = null

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Dials that failed, and connections that did not last, in a row. */
  get count(): number {
    return this.#count
  }

  /** Why the peer is not dialed, why the last dial failed, or how the last connection ended that did not last. */
  get error(): Error | null {
    return this.#bar?.error ?? this.#dialError ?? this.#ending
  }

  /** Why the peer is not dialed; null if it may be dialed. */
  get bar(): Bar | null {
    return this.#bar?.kind ?? null
  }

  /**
   * A dial failed.
   *
   * @param agoMs milliseconds since the last connection closed or, if there was none, since the peer was first known
   * @returns whether the failure is to be reported: not if it is likely to pass, nor if it repeats why the peer is not dialed
   */
  add(error: Error, agoMs: number): boolean {
    const bar = barFor(error)
    if (bar !== null) return this.barredBy(bar.kind, bar.error)
    this.#count++
    this.#vainDials++
    this.#dialError = error
    this.#bar = null
    return !this.#isPassing(error, agoMs)
  }

  /**
   * The peer is not to be dialed.
   *
   * @returns whether the reason is new
   */
  barredBy(kind: Bar, error: TcpnetError): boolean {
    const times = this.#bar?.kind === kind ? this.#bar.times : 0
    this.#bar = { kind, times: times + 1, error }
    return times === 0
  }

  /** A dial was declined: not a failure, but the next dial waits all the same. It shows that the peer may be dialed. */
  declined(): void {
    this.#vainDials++
    this.#bar = null
  }

  connected(): void {
    this.#dialError = null
    this.#bar = null
  }

  /**
   * A connection closed.
   *
   * @param stoodMs milliseconds for which it was open
   * @param how how it ended, as text
   * @returns the same text, with the time for which it was open
   */
  lost(peer: string, stoodMs: number, how: string): string {
    const wasGood = stoodMs >= GOOD_CONNECTION_MS
    const what = `after ${durationOf(stoodMs)}: ${how}`
    this.#count = wasGood ? 0 : this.#count + 1
    this.#vainDials = wasGood ? 0 : this.#vainDials + 1
    this.#ending = wasGood ? null : endedEarly(peer, what)
    return `the connection closed ${what}`
  }

  /** Milliseconds to wait before the next dial, or before the next check whether the peer may be dialed. */
  backoffMs(): number {
    if (this.#bar === null) return backoffMs(Math.max(this.#vainDials, 1), Math.random())
    const { firstMs, longestMs } = this.#limits.bars[this.#bar.kind]
    return Math.min(firstMs * 2 ** (this.#bar.times - 1), longestMs)
  }

  /**
   * Whether a failure is likely to pass by itself: the peer is closing, its port is closed already and its goodbye is under
   * way; or our own address is not usable yet, because its uniqueness is still being checked (RFC 4862 §5.4). That is assumed
   * if the peer's connection has just closed, or if the peer has just become known: a daemon's cache may be out of date.
   */
  #isPassing({ code }: NodeJS.ErrnoException, agoMs: number): boolean {
    if (code === 'EADDRNOTAVAIL') return agoMs < this.#limits.tentativeMs
    return code === 'ECONNREFUSED' && agoMs < this.#limits.goodbyeMs
  }
}

/** Why an error of a dial forbids further dials; null if it does not. */
function barFor(error: Error): { kind: Bar; error: TcpnetError } | null {
  if (!(error instanceof TcpnetError)) return null
  if (error.code === 'ERR_TCPNET_SECURITY') return { kind: 'security', error }
  return error.code === 'ERR_TCPNET_UNWANTED' ? { kind: 'refused', error } : null
}

function endedEarly(peer: string, what: string): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_ENDED_EARLY',
    `The connection with the peer ${peer} ended ${what}. It is made again while the peer is ` +
      'announced. To stay disconnected from a peer, let the setting shouldConnect return false for it.'
  )
}

/** A time as text: `212 ms`, `1.2 s`. */
function durationOf(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
