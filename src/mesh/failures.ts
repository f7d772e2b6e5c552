import { TcpnetError } from '../errors.js'
import { backoffMs, GOOD_CONNECTION_MS } from './backoff.js'
import type { Bar, Limits } from './limits.js'

/** What has failed between a service and one of its peers since the last good connection, and how long the next dial waits for it. */
export class Failures {
  readonly #limits: Limits
  #count = 0
  /** The failures, and the dials that the peer declined because it has a connection. */
  #vainDials = 0
  /** Why the peer is not dialed, and how often in a row that was found. */
  #bar: { readonly kind: Bar; readonly times: number; readonly error: TcpnetError } | null = null
  /** Why the last dial failed. */
  #dialError: Error | null = null
  /** How the last connection ended, where it did not last. */
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

  /** Why the peer is not dialed; null where it is. */
  get bar(): Bar | null {
    return this.#bar?.kind ?? null
  }

  /**
   * A dial failed.
   *
   * @param agoMs when the last connection closed, or else when the peer was first heard of: milliseconds ago
   * @returns whether that is to be told: not where it is likely to pass, nor where it repeats why the peer is not dialed
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
   * @returns whether that is news
   */
  barredBy(kind: Bar, error: TcpnetError): boolean {
    const times = this.#bar?.kind === kind ? this.#bar.times : 0
    this.#bar = { kind, times: times + 1, error }
    return times === 0
  }

  /** A dial was declined: no failure, but no reason either to dial again at once. It shows that the peer may be dialed. */
  declined(): void {
    this.#vainDials++
    this.#bar = null
  }

  connected(): void {
    this.#dialError = null
    this.#bar = null
  }

  /**
   * A connection closed that stood for so long.
   *
   * @param how it ended, in words
   * @returns the same with how long it stood
   */
  lost(peer: string, stoodMs: number, how: string): string {
    const wasGood = stoodMs >= GOOD_CONNECTION_MS
    const what = `after ${durationOf(stoodMs)}: ${how}`
    this.#count = wasGood ? 0 : this.#count + 1
    this.#vainDials = wasGood ? 0 : this.#vainDials + 1
    this.#ending = wasGood ? null : endedEarly(peer, what)
    return `the connection closed ${what}`
  }

  /** Milliseconds to wait before the next dial; or before it is looked again whether the peer may be dialed. */
  backoffMs(): number {
    if (this.#bar === null) return backoffMs(Math.max(this.#vainDials, 1), Math.random())
    const { firstMs, longestMs } = this.#limits.bars[this.#bar.kind]
    return Math.min(firstMs * 2 ** (this.#bar.times - 1), longestMs)
  }

  /**
   * Whether a failure is likely to pass by itself: the peer goes away, its port is closed already and its goodbye under way; or
   * our own address is not usable yet, because its uniqueness is still being checked (RFC 4862 §5.4). That is assumed where
   * the peer's connection has just closed, and where it was first heard of just now: a daemon's cache may be out of date.
   */
  #isPassing({ code }: NodeJS.ErrnoException, agoMs: number): boolean {
    if (code === 'EADDRNOTAVAIL') return agoMs < this.#limits.tentativeMs
    return code === 'ECONNREFUSED' && agoMs < this.#limits.goodbyeMs
  }
}

/** What the error of a dial says of the dials to come; null where they may follow. */
function barFor(error: Error): { kind: Bar; error: TcpnetError } | null {
  if (!(error instanceof TcpnetError)) return null
  if (error.code === 'ERR_TCPNET_SECURITY') return { kind: 'security', error }
  return error.code === 'ERR_TCPNET_UNWANTED' ? { kind: 'refused', error } : null
}

function endedEarly(peer: string, what: string): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_ENDED_EARLY',
    `The connection with the peer ${peer} ended ${what}. It is made again while the peer is ` +
      'announced. To be done with a peer, let the setting shouldConnect say no to it.'
  )
}

/** A time for people: `212 ms`, `1.2 s`. */
function durationOf(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
