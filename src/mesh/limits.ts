export interface TimeSpan {
  readonly leastMs: number
  readonly mostMs: number
}

/** Why a peer is not dialed: its security, its own decision against this service, or the decision of this service's application. */
export type Bar = 'security' | 'refused' | 'unwanted'

/** What bounds a mesh: how much of everything, and for how long. Of all these only `maxPeers` is a setting. */
export interface Limits {
  /** Dials under way at once. */
  readonly maxDials: number
  /** Connections. Dials under way hold no place against inbound ones. Peers that are only announced are bounded by discovery. */
  readonly maxPeers: number
  /**
   * Peers that are known in any way: above it, hints at others are ignored. Discovery bounds those that are announced; those that
   * are only hinted at wait where no dial is possible, as where `maxPeers` are connected, and the next look brings more.
   */
  readonly maxKnown: number
  /** Inbound connections that are not answered yet. */
  readonly maxHellos: number
  /** Those of them that come from one address. */
  readonly maxHellosPerAddress: number
  /** Inbound connections that wait for a place among those. */
  readonly maxWaiting: number
  /** Milliseconds for which they wait before they are refused. */
  readonly waitingMs: number
  /** Milliseconds for a whole dial, and for a whole inbound hello, the TLS handshake under it included. */
  readonly helloTimeoutMs: number
  /** Milliseconds after which an inbound connection without a hello can be dropped to make room for another. */
  readonly silentAfterMs: number
  /** Milliseconds after which a dial is slow, so that another can take its turn: on a local network it takes less. */
  readonly slowAfterMs: number
  /**
   * Milliseconds for which a peer that was just seen is expected to dial, or to be hinted at, before it is asked for: a random
   * time. Of two services that see each other at the same time the one with the higher uuid asks first.
   */
  readonly expect: { readonly higher: TimeSpan; readonly lower: TimeSpan }
  /** Milliseconds for which a peer that goes away may still be announced (RFC 6762 §10.1: one second). */
  readonly goodbyeMs: number
  /** Milliseconds for which an address of this machine may not be usable yet, after it was given one (RFC 4862 §5.4). */
  readonly tentativeMs: number
  /**
   * Milliseconds until it is looked again whether a peer may be dialed: doubling from the first time to the longest. For the
   * application's own decision that is a call; for the others it takes packets.
   */
  readonly bars: Readonly<Record<Bar, { readonly firstMs: number; readonly longestMs: number }>>
  /** Milliseconds that connections are given to end when the service closes; what has not ended then is reset. */
  readonly closeGraceMs: number
}

export const DEFAULT_LIMITS: Limits = {
  maxDials: 16,
  maxPeers: 1024,
  maxKnown: 8192,
  maxHellos: 256,
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

/** The limits of the services that are made now. */
export function currentLimits(): Limits {
  return limits
}

/** Services that are made within `make` have other limits. For tests, which need not wait for the default ones then. */
export function withLimits<T>(changes: Partial<Limits>, make: () => T): T {
  const before = limits
  limits = { ...before, ...changes }
  try {
    return make()
  } finally {
    limits = before
  }
}
