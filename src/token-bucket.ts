/** The average rate that a bucket allows, and the most tokens at once. */
export interface BucketLimits {
  readonly perSecond: number
  readonly burst: number
}

/** Milliseconds of a monotonic clock. */
export type MonotonicClock = () => number

/** Limits how often something happens: up to `burst` times at once, and `perSecond` times a second in the long run. */
export class TokenBucket {
  readonly #limits: BucketLimits
  readonly #clock: MonotonicClock
  #tokens: number
  #at: number

  constructor(limits: BucketLimits, clock: MonotonicClock = () => performance.now()) {
    this.#limits = limits
    this.#clock = clock
    this.#tokens = limits.burst
    this.#at = clock()
  }

  /** The tokens in the bucket, with fractions; below zero if more were taken than there were. */
  get balance(): number {
    this.#refill()
    return this.#tokens
  }

  /** The number of whole tokens. */
  get tokens(): number {
    return Math.floor(this.balance)
  }

  get isFull(): boolean {
    return this.balance === this.#limits.burst
  }

  /** Milliseconds until the bucket has as many tokens as are needed; 0 if it has them now. */
  waitMs(needed = 1): number {
    const missing = needed - this.balance
    return missing <= 0 ? 0 : Math.ceil((missing / this.#limits.perSecond) * 1000)
  }

  /** Takes tokens, even more than there are: then the balance is below zero. */
  take(amount = 1): void {
    this.#refill()
    this.#tokens -= amount
  }

  giveBack(amount = 1): void {
    this.#refill()
    this.#tokens = Math.min(this.#tokens + amount, this.#limits.burst)
  }

  #refill(): void {
    const now = this.#clock()
    const { perSecond, burst } = this.#limits
    this.#tokens = Math.min(this.#tokens + ((now - this.#at) / 1000) * perSecond, burst)
    this.#at = now
  }
}
