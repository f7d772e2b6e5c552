import { type BucketLimits, type MonotonicClock, TokenBucket } from '../token-bucket.js'
import { TokenBuckets } from '../token-buckets.js'

/**
 * Limits of connects to peers that were never connected, and of questions to the network for the place of such peers. The
 * bursts allow for a cluster whose services all start at once: a connect or question that leads to a peer is given back, and
 * {@link DialQueue} bounds how many dials are under way. The rates bound those that lead to no peer.
 */
export const CONNECT_LIMITS = {
  perProcess: { perSecond: 20, burst: 512 },
  perAddress: { perSecond: 10, burst: 128 },
  questions: { perSecond: 5, burst: 256 }
} as const satisfies Record<string, BucketLimits>

/**
 * The most attempts after the first of their dials that begin in one turn of the event loop. Each takes about half a millisecond,
 * with its failure, and a host that refuses them all at once would have all of them follow in one turn.
 */
const MAX_FURTHER_IN_TURN = 4

/**
 * Bounds the connects that announcements can cause. Announcements are untrusted: false ones must not make this process flood
 * the hosts that they name.
 */
export class ConnectBudget {
  readonly #limits: typeof CONNECT_LIMITS
  readonly #process: TokenBucket
  readonly #questions: TokenBucket
  /** The bucket of the process bounds its size: a bucket of an address is dropped only once it is full again. */
  readonly #addresses: TokenBuckets
  /** How many attempts after the first of their dials have begun in this turn of the event loop. */
  #furtherInTurn = 0

  constructor(limits: typeof CONNECT_LIMITS = CONNECT_LIMITS, clock: MonotonicClock = () => performance.now()) {
    this.#limits = limits
    this.#process = new TokenBucket(limits.perProcess, clock)
    this.#questions = new TokenBucket(limits.questions, clock)
    this.#addresses = new TokenBuckets(limits.perAddress, clock)
  }

  /** How many connects are possible now: to an address, or in total if none is given. */
  left(address?: string): number {
    if (address === undefined) return this.#process.tokens
    return Math.min(this.#process.tokens, this.#addresses.tokens(address))
  }

  /**
   * Milliseconds until a connect to an address is possible; 0 if it is now.
   *
   * @param isFurther whether it is not the first of its dial: then it has to leave a quarter of the burst to others
   */
  waitMs(address: string, isFurther = false): number {
    const kept = isFurther ? reserveOf(this.#limits.perProcess) : 0
    const turnMs = isFurther && this.#furtherInTurn >= MAX_FURTHER_IN_TURN ? 1 : 0
    return Math.max(this.#process.waitMs(kept + 1), this.#addresses.waitMs(address), turnMs)
  }

  /** How many questions may be sent now. */
  get questionsLeft(): number {
    return this.#questions.tokens
  }

  /**
   * Counts a question.
   *
   * @param reserved whether it has to leave a quarter of the burst to others: it is sent beside a dial
   * @returns whether it may be sent
   */
  takeQuestion(reserved = false): boolean {
    if (this.#questions.tokens <= (reserved ? reserveOf(this.#limits.questions) : 0)) return false
    this.#questions.take()
    return true
  }

  /** The question led to a peer: it does not count. */
  giveBackQuestion(): void {
    this.#questions.giveBack()
  }

  /**
   * Counts a connect to an address.
   *
   * @param isFurther whether it is not the first of its dial
   */
  take(address: string, isFurther = false): void {
    if (isFurther && this.#furtherInTurn++ === 0)
      setImmediate(() => {
        this.#furtherInTurn = 0
      })
    this.#process.take()
    this.#addresses.take(address)
  }

  /** The connect led to a peer: it does not count. */
  giveBack(address: string): void {
    this.#process.giveBack()
    this.#addresses.giveBack(address)
  }
}

function reserveOf({ burst }: BucketLimits): number {
  return burst / 4
}

/** The budget of this process, or of this worker thread. */
export const processBudget = new ConnectBudget()

/** The part of the budget that one dial uses: nothing for addresses at which the peer was connected before. */
export class Allowance {
  readonly #budget: ConnectBudget
  readonly #isFree: (address: string) => boolean
  readonly #taken = new Set<string>()

  constructor(budget: ConnectBudget, isFree: (address: string) => boolean) {
    this.#budget = budget
    this.#isFree = isFree
  }

  /**
   * Milliseconds until the next attempt at an address may begin. Attempts after the first leave a part of the budget to other
   * dials, so that false peers with many addresses do not delay real ones.
   */
  waitMs(address: string): number {
    return this.#isFree(address) ? 0 : this.#budget.waitMs(address, this.#taken.size > 0)
  }

  /** An attempt at an address begins. */
  take(address: string): void {
    if (this.#isFree(address)) return
    this.#budget.take(address, this.#taken.size > 0)
    this.#taken.add(address)
  }

  /** The peer was reached at an address: the connect does not count. */
  giveBack(address: string): void {
    if (this.#taken.delete(address)) this.#budget.giveBack(address)
  }
}
