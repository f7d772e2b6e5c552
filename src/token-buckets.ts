import { type BucketLimits, type MonotonicClock, TokenBucket } from './token-bucket.js'

/** If there are more buckets than this, those that are full are removed. */
const MAX_IDLE = 1024

/** A bucket for each name. A full bucket is the same as one that was never used. */
export class TokenBuckets {
  readonly #limits: BucketLimits
  readonly #clock: MonotonicClock
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(limits: BucketLimits, clock: MonotonicClock = () => performance.now()) {
    this.#limits = limits
    this.#clock = clock
  }

  /** The number of whole tokens for a name. */
  tokens(name: string): number {
    return this.#buckets.get(name)?.tokens ?? this.#limits.burst
  }

  /** Milliseconds until there is a token for a name; 0 if there is one now. */
  waitMs(name: string): number {
    return this.#buckets.get(name)?.waitMs() ?? 0
  }

  take(name: string): void {
    this.#bucketOf(name).take()
  }

  giveBack(name: string): void {
    this.#buckets.get(name)?.giveBack()
  }

  #bucketOf(name: string): TokenBucket {
    const known = this.#buckets.get(name)
    if (known !== undefined) return known
    if (this.#buckets.size >= MAX_IDLE) this.#forgetIdle()
    const bucket = new TokenBucket(this.#limits, this.#clock)
    this.#buckets.set(name, bucket)
    return bucket
  }

  #forgetIdle(): void {
    for (const [name, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(name)
  }
}
