import { type BucketLimits, type Clock, TokenBucket } from '../token-bucket.js'
import { TokenBuckets } from '../token-buckets.js'

/**
 * Limits of connects to peers that were never connected, and of questions to the network where such peers are. The bursts
 * allow for a cluster whose services all start at once: what leads to a peer is given back, and {@link DialQueue} bounds how
 * many dials are under way. The rates bound what leads to no peer.
 */
export const CONNECT_LIMITS = {
  perProcess: { perSecond: 20, burst: 512 },
  perAddress: { perSecond: 10, burst: 128 },
  questions: { perSecond: 10, burst: 256 }
} as const satisfies Record<string, BucketLimits>

/**
 * How many connects announcements can cause. They are untrusted: false ones must not make this process a source of
 * connects at whatever host they name.
 */
export class ConnectBudget {
  readonly #limits: typeof CONNECT_LIMITS
  readonly #process: TokenBucket
  readonly #questions: TokenBucket
  /** What is kept is bounded by the process's bucket: an address is not idle for as long as it takes to fill its own. */
  readonly #addresses: TokenBuckets

  constructor(limits: typeof CONNECT_LIMITS = CONNECT_LIMITS, clock: Clock = () => performance.now()) {
    this.#limits = limits
    this.#process = new TokenBucket(limits.perProcess, clock)
    this.#questions = new TokenBucket(limits.questions, clock)
    this.#addresses = new TokenBuckets(limits.perAddress, clock)
  }

  /** How many connects are possible now: in all, and to an address. */
  left(address?: string): number {
    if (address === undefined) return this.#process.tokens
    return Math.min(this.#process.tokens, this.#addresses.tokens(address))
  }

  /**
   * Milliseconds until a connect to an address is possible; 0 where it is.
   *
   * @param reserved whether it has to leave a quarter of the burst to others
   */
  waitMs(address: string, reserved = false): number {
    const kept = reserved ? this.#limits.perProcess.burst / 4 : 0
    return Math.max(this.#process.waitMs(kept + 1), this.#addresses.waitMs(address))
  }

  /** How many questions may be put now. */
  get questionsLeft(): number {
    return this.#questions.tokens
  }

  /** Counts a question. Returns whether it may be put. */
  takeQuestion(): boolean {
    if (this.#questions.tokens === 0) return false
    this.#questions.take()
    return true
  }

  /** The question led to a peer: it does not count. */
  giveBackQuestion(): void {
    this.#questions.giveBack()
  }

  /** Counts a connect to an address. */
  take(address: string): void {
    this.#process.take()
    this.#addresses.take(address)
  }

  /** The connect led to a peer: it does not count. */
  giveBack(address: string): void {
    this.#process.giveBack()
    this.#addresses.giveBack(address)
  }
}

/** The budget of this process, or of this worker thread. */
export const processBudget = new ConnectBudget()

/** What one dial takes out of the budget: nothing for addresses at which the peer was connected before. */
export class Allowance {
  readonly #budget: ConnectBudget
  readonly #isFree: (address: string) => boolean
  readonly #taken = new Set<string>()

  constructor(budget: ConnectBudget, isFree: (address: string) => boolean) {
    this.#budget = budget
    this.#isFree = isFree
  }

  /**
   * Milliseconds until the next attempt at an address may begin. Those after the first leave something to other dials, so
   * that false peers with many addresses do not delay real ones.
   */
  waitMs(address: string): number {
    return this.#isFree(address) ? 0 : this.#budget.waitMs(address, this.#taken.size > 0)
  }

  /** An attempt at an address begins. */
  take(address: string): void {
    if (this.#isFree(address)) return
    this.#budget.take(address)
    this.#taken.add(address)
  }

  /** The peer was met at an address. */
  met(address: string): void {
    if (this.#taken.delete(address)) this.#budget.giveBack(address)
  }
}
