import { canonical } from '../net/addresses.js'
import { type BucketLimits, type MonotonicClock, TokenBucket } from '../token-bucket.js'
import { TokenBuckets } from '../token-buckets.js'

/** Has the kernel drop attempts to connect: see {@link filterConnects} in `src/net/connect-filter.ts`. */
export type FilterConnects = (listed: 'drop' | 'pass', addresses: readonly string[]) => boolean

/** How many inbound connections that lead to no peer are accepted. */
export interface CrowdLimits {
  readonly perAddress: BucketLimits
  /** The part of an address's burst that it has while no peer was connected there: so that few strangers cannot use up `inAll`. */
  readonly newAddress: number
  readonly inAll: BucketLimits
}

/**
 * An accept takes Node 40 µs on an idle machine, and 150 µs with its hello on a busy one: `inAll` is 2 % of a core. The bursts
 * allow for a cluster, or a host with many members, whose services all start at once, and drop dials that cross ours.
 */
export const CROWD_LIMITS: CrowdLimits = {
  perAddress: { perSecond: 20, burst: 256 },
  newAddress: 64,
  inAll: { perSecond: 150, burst: 2048 }
}

/** Milliseconds between two checks whether attempts can be let through again. */
const LOOK_EVERY_MS = 500

/** For all services of this process, or of this worker thread: they share its event loop. */
export const processCrowd = new TokenBucket(CROWD_LIMITS.inAll)

export interface CrowdLimitOptions {
  readonly filter: FilterConnects
  /** Whether a peer was connected at an address. */
  readonly isKnown: (address: string) => boolean
  /** The addresses at which peers were connected, the most important first. */
  readonly homes: () => readonly string[]
  /** Default: {@link CROWD_LIMITS}. */
  readonly limits?: CrowdLimits
  /** The connections that may be accepted in all; default: {@link processCrowd}. */
  readonly inAll?: TokenBucket
  readonly clock?: MonotonicClock
}

/**
 * Bounds how many connections that lead to no peer are accepted. Node accepts whatever comes, so those beyond the limits are
 * dropped by the kernel: from an address that has used up its share; and if all addresses together have used up theirs, from
 * all addresses at which no peer was connected. Only connections that were accepted count: an address cannot be forged. Without a
 * filter it does nothing.
 */
export class CrowdLimit {
  readonly #options: CrowdLimitOptions
  readonly #limits: CrowdLimits
  readonly #perAddress: TokenBuckets
  readonly #inAll: TokenBucket
  /** The addresses that have used up their share. */
  readonly #shut = new Set<string>()
  /** Whether all addresses together have used up theirs. */
  #isFull = false
  #isPossible = true
  /** What the kernel drops now, as text; empty: nothing. */
  #applied = ''
  #timer: NodeJS.Timeout | undefined

  constructor(options: CrowdLimitOptions) {
    this.#options = options
    this.#limits = options.limits ?? CROWD_LIMITS
    this.#perAddress = new TokenBuckets(this.#limits.perAddress, options.clock)
    this.#inAll = options.inAll ?? processCrowd
  }

  /**
   * A connection was accepted. It counts, unless it leads to a peer.
   *
   * @param from its address; empty if it was reset before it was accepted
   */
  accepted(from: string): void {
    if (!this.#isPossible) return
    const address = canonical(from)
    this.#perAddress.take(address)
    this.#inAll.take()
    const isShut = address !== '' && !this.#shut.has(address) && this.#hasUsedUp(address)
    if (isShut) this.#shut.add(address)
    const isFull = !this.#isFull && this.#inAll.tokens < 0
    if (isFull) this.#isFull = true
    if (isShut || isFull) this.#apply()
  }

  /** A connection that was accepted has led to a peer: it does not count. */
  ledToPeer(from: string): void {
    if (!this.#isPossible) return
    this.#perAddress.giveBack(canonical(from))
    this.#inAll.giveBack()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#isPossible = false
  }

  /** @param reserve how much has to be left */
  #hasUsedUp(address: string, reserve = 0): boolean {
    const { perAddress, newAddress } = this.#limits
    const left = this.#perAddress.tokens(address) - reserve
    return left < 0 || (left < perAddress.burst - newAddress && !this.#options.isKnown(address))
  }

  /** Lets through what has not used up its share any more, with some reserve: else the filter would change with each accept. */
  readonly #look = (): void => {
    const { perAddress, inAll } = this.#limits
    const reserve = ({ perSecond }: BucketLimits) => (perSecond * LOOK_EVERY_MS) / 1000
    for (const address of this.#shut) if (!this.#hasUsedUp(address, reserve(perAddress))) this.#shut.delete(address)
    if (this.#inAll.tokens >= reserve(inAll)) this.#isFull = false
    this.#apply()
  }

  #apply(): void {
    const { filter, homes } = this.#options
    const addresses = this.#isFull ? homes().filter((home) => !this.#shut.has(home)) : [...this.#shut]
    const listed = this.#isFull ? 'pass' : 'drop'
    const isNeeded = this.#isFull || addresses.length > 0
    const text = isNeeded ? [listed, ...addresses].join(' ') : ''
    if (text === this.#applied) return
    this.#applied = text
    this.#isPossible = filter(listed, addresses)
    // An earlier filter must not stay.
    if (!this.#isPossible) filter('drop', [])
    if (isNeeded && this.#isPossible) this.#timer ??= setInterval(this.#look, LOOK_EVERY_MS).unref()
    else this.#stop()
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
