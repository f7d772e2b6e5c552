/** What a bucket allows in the long run, and at once. */
export interface BucketLimits {
  readonly perSecond: number
  readonly burst: number
}

/** Milliseconds of a monotonic clock. */
export type Clock = () => number

/** Paces what happens: as many times at once as `burst` says, and `perSecond` times a second in the long run. */
export class TokenBucket {
  readonly #limits: BucketLimits
  readonly #clock: Clock
  #tokens: number
  #at: number

  constructor(limits: BucketLimits, clock: Clock = () => performance.now()) {
    this.#limits = limits
    this.#clock = clock
    this.#tokens = limits.burst
    this.#at = clock()
  }

  /** How many tokens there are. */
  get tokens(): number {
    this.#refill()
    return Math.floor(this.#tokens)
  }

  get isFull(): boolean {
    this.#refill()
    return this.#tokens === this.#limits.burst
  }

  /** Milliseconds until a token is there beside those that are to be kept; 0 where one is. */
  waitMs(kept = 0): number {
    this.#refill()
    const missing = kept + 1 - this.#tokens
    return missing <= 0 ? 0 : Math.ceil((missing * 1000) / this.#limits.perSecond)
  }

  /** Takes a token; only to be called where there is one. */
  take(): void {
    this.#refill()
    this.#tokens -= 1
  }

  giveBack(): void {
    this.#refill()
    this.#tokens = Math.min(this.#tokens + 1, this.#limits.burst)
  }

  #refill(): void {
    const now = this.#clock()
    const { perSecond, burst } = this.#limits
    this.#tokens = Math.min(this.#tokens + ((now - this.#at) * perSecond) / 1000, burst)
    this.#at = now
  }
}
