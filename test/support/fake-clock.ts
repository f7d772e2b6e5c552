import type { Clock } from '#tcpnet/discovery/drivers/embedded/clock.js'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** A clock whose time and random numbers the test sets. */
export class FakeClock implements Clock {
  /** What {@link random} gives. */
  chance = 0
  #now = 1_000_000
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.#now
  }

  random(): number {
    return this.chance
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Whether no timer is left. */
  get isIdle(): boolean {
    return this.#timers.size === 0
  }

  /** Lets time pass. Timers that are due run in order. */
  pass(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    this.#now = end
  }
}
