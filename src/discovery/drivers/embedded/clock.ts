/** The time and chance that the protocol goes by: the system's, or a test's. */
export interface Clock {
  /** Milliseconds of a monotonic clock. */
  now(): number
  /** Calls back once, after so many milliseconds at least, never from within. Returns a function that takes it back. */
  after(ms: number, callback: () => void): () => void
  /** A number from 0 to 1, without 1. */
  random(): number
}

/** No timer of it keeps the process alive: a service does, for as long as it listens. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms).unref()
    return () => clearTimeout(timer)
  },
  random: Math.random
}

/** A time span in milliseconds, of which a random part is waited. */
export interface Span {
  readonly leastMs: number
  readonly mostMs: number
}

export function randomMs(clock: Pick<Clock, 'random'>, { leastMs, mostMs }: Span): number {
  return leastMs + clock.random() * (mostMs - leastMs)
}

/** One timer that is only ever moved forward: it rings at the earliest of the times that it was set to. */
export class Alarm {
  readonly #clock: Clock
  readonly #callback: () => void
  #at = Number.POSITIVE_INFINITY
  #cancel: (() => void) | null = null

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock
    this.#callback = callback
  }

  /** Rings at a time of the clock, or before where it is set to an earlier one. */
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
