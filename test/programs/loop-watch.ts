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
  #last = 0
  #waited = 0

  constructor() {
    this.reset()
    setInterval(this.#look, EVERY_MS).unref()
  }

  get longestMs(): number {
    return this.#longestMs
  }

  reset(): void {
    this.#longestMs = 0
    this.#last = performance.now()
    this.#waited = waitedMs()
  }

  readonly #look = (): void => {
    const [now, waited] = [performance.now(), waitedMs()]
    const heldMs = now - this.#last - EVERY_MS - (waited - this.#waited)
    this.#longestMs = Math.max(this.#longestMs, heldMs)
    this.#last = now
    this.#waited = waited
  }
}

/**
 * Milliseconds that this thread has waited for a processor so far (proc(5), schedstat); 0 if the kernel does not count
 * it.
 */
function waitedMs(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}
