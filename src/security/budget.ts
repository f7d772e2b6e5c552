/** Accounts that are remembered at a time: each takes an address of its own to fill. */
const MAX_ACCOUNTS = 4096

/** How many bursts a member's account holds: a cluster that starts at once has many connections that are dropped. */
const MEMBER_BURSTS = 5

export interface BudgetOptions {
  /** What each account, and all together, may spend in a second of the long run. */
  readonly perSecond: number
  /** What an account of a stranger may spend at once; a member's has {@link MEMBER_BURSTS} times as much. */
  readonly burst: number
  /** What all accounts may spend together at once. */
  readonly burstInAll: number
}

/** Whose spending is counted. */
export interface Account {
  readonly name: string
  /** Whether it is a stranger's: its spending counts against the total as well. */
  readonly shared: boolean
}

interface Bucket {
  left: number
  /** When `left` was true, in milliseconds. */
  at: number
}

/**
 * Token buckets: one for each account and one for all. Costs are known only when they have arisen, so a bucket may go
 * below zero: nothing may be spent until it has filled up again.
 */
export class Budget {
  readonly #options: BudgetOptions
  readonly #now: () => number
  /** Accounts that are not full, the one that spent most recently last. */
  readonly #accounts = new Map<string, Bucket>()
  readonly #total: Bucket

  /** @param now a clock in milliseconds */
  constructor(options: BudgetOptions, now: () => number) {
    this.#options = options
    this.#now = now
    this.#total = { left: options.burstInAll, at: now() }
  }

  spend(account: Account, amount: number): void {
    if (amount <= 0) return
    const { name, shared } = account
    const left = this.leftOf(account)
    const bucket = { left: left - amount, at: this.#now() }
    this.#accounts.delete(name)
    this.#accounts.set(name, bucket)
    if (shared) this.#filled(this.#total, this.#options.burstInAll).left -= amount
    this.#prune()
  }

  /** Undoes {@link spend}. */
  giveBack(account: Account, amount: number): void {
    const { name, shared } = account
    const bucket = this.#accounts.get(name)
    if (bucket !== undefined) bucket.left = this.leftOf(account) + amount
    if (shared) this.#filled(this.#total, this.#options.burstInAll).left += amount
  }

  /** What the account alone may still spend; below zero while it has to wait. */
  leftOf({ name, shared }: Account): number {
    const burst = this.#options.burst * (shared ? 1 : MEMBER_BURSTS)
    const bucket = this.#accounts.get(name)
    return bucket === undefined ? burst : this.#filled(bucket, burst).left
  }

  /** Milliseconds until the account may spend; 0 where it may. */
  waitMs(account: Account): number {
    const total = account.shared ? this.#filled(this.#total, this.#options.burstInAll).left : 0
    const missing = -Math.min(this.leftOf(account), total)
    return missing <= 0 ? 0 : Math.ceil((missing / this.#options.perSecond) * 1000)
  }

  #filled(bucket: Bucket, burst: number): Bucket {
    const now = this.#now()
    bucket.left = Math.min(burst, bucket.left + ((now - bucket.at) / 1000) * this.#options.perSecond)
    bucket.at = now
    return bucket
  }

  #prune(): void {
    for (const name of this.#accounts.keys()) {
      if (this.#accounts.size <= MAX_ACCOUNTS) return
      this.#accounts.delete(name)
    }
  }
}
