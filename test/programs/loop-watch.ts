import { readFileSync } from 'node:fs'

/** Milliseconds between two checks of the event loop. */
const EVERY_MS = 5

/**
 * The longest time for which this thread blocked its event loop, or waited for something outside of it. Without the
 * time that it waited for a processor, which depends on the load of the machine (monitorEventLoopDelay of perf_hooks
 * includes it).
 */
export class LoopWatch {
  #longestMs = 0
  #mostWorkMs = 0
  #last = 0
  #waited = 0
  #worked = 0

  constructor() {
    this.reset()
    setInterval(this.#look, EVERY_MS).unref()
  }

  get longestMs(): number {
    return this.#longestMs
  }

  /** Milliseconds of processor time in the longest turn; short turns between two looks are taken for one. */
  get mostWorkMs(): number {
    return this.#mostWorkMs
  }

  reset(): void {
    this.#longestMs = 0
    this.#mostWorkMs = 0
    this.#last = performance.now()
    const { workedMs, waitedMs } = processorTimes()
    this.#worked = workedMs
    this.#waited = waitedMs
  }

  readonly #look = (): void => {
    const now = performance.now()
    const { workedMs, waitedMs } = processorTimes()
    const heldMs = now - this.#last - EVERY_MS - (waitedMs - this.#waited)
    this.#longestMs = Math.max(this.#longestMs, heldMs)
    this.#mostWorkMs = Math.max(this.#mostWorkMs, workedMs - this.#worked)
    this.#last = now
    this.#waited = waitedMs
    this.#worked = workedMs
  }
}

/**
 * Milliseconds that this thread has worked, and waited for a processor, so far (proc(5), schedstat); 0 if the kernel
 * does not count it.
 */
function processorTimes(): { workedMs: number; waitedMs: number } {
  try {
    const [worked, waited] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ').map(Number)
    return { workedMs: (worked ?? 0) / 1e6, waitedMs: (waited ?? 0) / 1e6 }
  } catch {
    return { workedMs: 0, waitedMs: 0 }
  }
}
