/**
 * Milliseconds until the next multiple of a time span, of the time that `performance.now()` counts. What several parts of a process
 * check again and again is checked at such times, so that an idle process wakes up once for all of them: to wake up takes longer
 * than most checks.
 */
export function untilAligned(everyMs: number, now = performance.now()): number {
  return Math.ceil(everyMs - (now % everyMs))
}

/** A timer that calls back at each multiple of a time span; it does not keep the process alive. */
export class AlignedInterval {
  readonly #everyMs: number
  readonly #callback: () => void
  #timer: NodeJS.Timeout

  constructor(everyMs: number, callback: () => void) {
    this.#everyMs = everyMs
    this.#callback = callback
    this.#timer = this.#next()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #next(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = this.#next()
      this.#callback()
    }, untilAligned(this.#everyMs)).unref()
  }
}
