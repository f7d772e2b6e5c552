import { type MonotonicClock, TokenBucket } from '../token-bucket.js'

/** The most accounts that are remembered: to fill the list takes as many addresses. */
const MAX_ACCOUNTS = 4096

/**
 * How many bursts a member's account may spend at once: in a cluster whose services all start at once, many connections are
 * dropped.
 */
const MEMBER_BURSTS = 5

export interface BudgetOptions {
  /** What each account, and all together, may spend in a second, on average. */
  readonly perSecond: number
  /** What an unproven account may spend at once; a member's may spend {@link MEMBER_BURSTS} times as much. */
  readonly burst: number
  /** What all accounts may spend together at once. */
  readonly burstInAll: number
}

/** An account whose spending is counted. */
export interface Account {
  readonly name: string
  /** Whether the account is unproven: then its spending counts against the total as well. */
  readonly shared: boolean
}

/**
 * Token buckets: one for each account and one for all. A cost is known only afterwards, so a bucket may go below zero: then
 * nothing may be spent until it is above zero again.
 */
export class Budget {
  readonly #options: BudgetOptions
  readonly #now: MonotonicClock
  /** In the order of their last spending, the latest last. */
  readonly #accounts = new Map<string, TokenBucket>()
  readonly #total: TokenBucket

  constructor(options: BudgetOptions, now: MonotonicClock) {
    this.#options = options
    this.#now = now
    this.#total = new TokenBucket({ perSecond: options.perSecond, burst: options.burstInAll }, now)
  }

  spend(account: Account, amount: number): void {
    if (amount <= 0) return
    const { name, shared } = account
    const bucket = this.#accounts.get(name) ?? this.#full(account)
    bucket.take(amount)
    this.#accounts.delete(name)
    this.#accounts.set(name, bucket)
    if (shared) this.#total.take(amount)
    this.#prune()
  }

  /** Undoes {@link spend}. */
  giveBack({ name, shared }: Account, amount: number): void {
    this.#accounts.get(name)?.giveBack(amount)
    if (shared) this.#total.giveBack(amount)
  }

  /** What the account alone may still spend; below zero while it has to wait. */
  leftOf(account: Account): number {
    return (this.#accounts.get(account.name) ?? this.#full(account)).balance
  }

  /** Milliseconds until the account may spend; 0 if it may now. */
  waitMs({ name, shared }: Account): number {
    return Math.max(this.#accounts.get(name)?.waitMs(0) ?? 0, shared ? this.#total.waitMs(0) : 0)
  }

  #full({ shared }: Account): TokenBucket {
    const { perSecond, burst } = this.#options
    return new TokenBucket({ perSecond, burst: burst * (shared ? 1 : MEMBER_BURSTS) }, this.#now)
  }

  #prune(): void {
    for (const name of this.#accounts.keys()) {
      if (this.#accounts.size <= MAX_ACCOUNTS) return
      this.#accounts.delete(name)
    }
  }
}
