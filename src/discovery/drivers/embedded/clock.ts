/** The source of time and of random numbers for the protocol: the system, or a test. */
export interface Clock {
  /** Milliseconds of a monotonic clock. */
  now(): number
  /**
   * Calls back once, after at least `ms` milliseconds, never from within the call. Returns a function that cancels it.
   */
  after(ms: number, callback: () => void): () => void
  /** A number from 0 to 1, excluding 1. */
  random(): number
}

/** Its timers do not keep the process alive: the server of a service does, for as long as it listens. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms).unref()
    return () => clearTimeout(timer)
  },
  random: Math.random
}

/** The shortest and the longest of a random wait. */
export interface Span {
  readonly leastMs: number
  readonly mostMs: number
}

export function randomMs(clock: Pick<Clock, 'random'>, { leastMs, mostMs }: Span): number {
  return leastMs + clock.random() * (mostMs - leastMs)
}

/** A timer that calls back at the earliest of the times that it was set to. */
export class Alarm {
  readonly #clock: Clock
  readonly #callback: () => void
  #at = Number.POSITIVE_INFINITY
  #cancel: (() => void) | null = null

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock
    this.#callback = callback
  }

  /** Calls back at a time of the clock. Has no effect if the alarm is already set to an earlier time. */
  setTo(at: number): void {
    if (at >= this.#at) return
    this.stop()
    this.#at = at
    this.#cancel = this.#clock.after(Math.max(at - this.#clock.now(), 0), () => {
      this.#at = Number.POSITIVE_INFINITY
      this.#cancel = null
      this.#callback()
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
    this.#at = Number.POSITIVE_INFINITY
  }
}
