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

  /** What is in it, parts of a token too; below zero where more was taken than there was. */
  get balance(): number {
    this.#refill()
    return this.#tokens
  }

  /** How many whole tokens there are. */
  get tokens(): number {
    return Math.floor(this.balance)
  }

  get isFull(): boolean {
    return this.balance === this.#limits.burst
  }

  /** Milliseconds until as many tokens are there as are needed; 0 where they are. */
  waitMs(needed = 1): number {
    const missing = needed - this.balance
    return missing <= 0 ? 0 : Math.ceil((missing / this.#limits.perSecond) * 1000)
  }

  /** Takes tokens, also such as are not there: then it takes longer until there are some. */
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
