import type { BucketLimits } from '../token-bucket.js'

export interface TimeSpan {
  readonly leastMs: number
  readonly mostMs: number
}

/**
 * Why a peer is not dialed: its security differs, its application refuses this service, or this service's application refuses
 * it.
 */
export type Bar = 'security' | 'refused' | 'unwanted'

/** The limits of a mesh. Only `maxPeers` is a setting. */
export interface Limits {
  /** The most dials under way at once. */
  readonly maxDials: number
  /** The most connections. A dial under way does not reserve a place. Discovery bounds peers that are only announced. */
  readonly maxPeers: number
  /**
   * The most known peers: above it, hints of other peers are ignored. Discovery bounds peers that are announced. Peers known
   * only by a hint accumulate while no dial is possible, for example while `maxPeers` are connected, because each look brings
   * more.
   */
  readonly maxKnown: number
  /** The most inbound connections that are not answered yet. */
  readonly maxHellos: number
  /** The most of them that come from one address. */
  readonly maxHellosPerAddress: number
  /** The most inbound connections that wait for a place among them. */
  readonly maxWaiting: number
  /** Milliseconds for which they wait before they are refused. */
  readonly waitingMs: number
  /**
   * How many handshakes that lead to no peer are begun with an address: a handshake costs more than a connection that waits. The
   * burst allows for a host with many members that all start at once, and drop dials that cross ours.
   */
  readonly vain: BucketLimits
  /** Milliseconds for a whole dial, and for a whole inbound hello, the TLS handshake included. */
  readonly helloTimeoutMs: number
  /**
   * Milliseconds after which an inbound connection without a hello can be dropped to make room for another, and after which a
   * dial that is not answered tries endpoints of other ports.
   */
  readonly silentAfterMs: number
  /** Milliseconds after which a dial is slow, so that it yields its turn: on a local network a dial takes less. */
  readonly slowAfterMs: number
  /**
   * Milliseconds, chosen at random, to wait for the dial of a peer that was just seen, or for a hint of it, before it is
   * dialed. Of two services that see each other at the same time, the one with the higher uuid dials first.
   */
  readonly expect: { readonly higher: TimeSpan; readonly lower: TimeSpan }
  /** Milliseconds for which a peer that has closed may still be announced (RFC 6762 §10.1: one second). */
  readonly goodbyeMs: number
  /** Milliseconds for which a new address of this machine may not be usable yet (RFC 4862 §5.4). */
  readonly tentativeMs: number
  /**
   * Milliseconds until the next check whether a peer may be dialed, doubled each time from `firstMs` to `longestMs`. The check
   * for `unwanted` is a call of the application; the others send packets.
   */
  readonly bars: Readonly<Record<Bar, { readonly firstMs: number; readonly longestMs: number }>>
  /** Milliseconds that connections have to end when the service closes; those that have not ended then are reset. */
  readonly closeGraceMs: number
}

export const DEFAULT_LIMITS: Limits = {
  maxDials: 16,
  maxPeers: 1024,
  maxKnown: 8192,
  maxHellos: 256,
  vain: { perSecond: 20, burst: 256 },
  maxHellosPerAddress: 32,
  maxWaiting: 256,
  waitingMs: 1000,
  helloTimeoutMs: 5000,
  silentAfterMs: 1000,
  slowAfterMs: 250,
  expect: { higher: { leastMs: 0, mostMs: 30 }, lower: { leastMs: 50, mostMs: 150 } },
  goodbyeMs: 2000,
  tentativeMs: 10_000,
  bars: {
    security: { firstMs: 60_000, longestMs: 600_000 },
    refused: { firstMs: 10_000, longestMs: 60_000 },
    unwanted: { firstMs: 1000, longestMs: 10_000 }
  },
  closeGraceMs: 2000
}

let limits = DEFAULT_LIMITS

/** The limits of services that are made now. */
export function currentLimits(): Limits {
  return limits
}

/** Services that are made within `make` have other limits. For tests, so that they need not wait for the defaults. */
export function withLimits<T>(changes: Partial<Limits>, make: () => T): T {
  const before = limits
  limits = { ...before, ...changes }
  try {
    return make()
  } finally {
    limits = before
  }
}
