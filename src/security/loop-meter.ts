/** Milliseconds between two readings of the clock while something is measured: the largest error. */
const BEAT_MS = 5
/** The most that one step counts, in milliseconds: the application blocks the event loop, too. */
const MAX_STEP_MS = 1000

/**
 * Measures how long the event loop was blocked. A TLS handshake computes inside Node, before any event of its socket is
 * emitted: its cost shows only as the time since the last tick of a timer.
 */
export class LoopMeter {
  #users = 0
  #timer: NodeJS.Timeout | undefined
  #wallMs = 0
  #cpuMs = 0

  /** Runs the timer until {@link stop}. */
  start(): void {
    if (this.#users++ > 0) return
    this.#mark()
    this.#timer = setInterval(this.#mark, BEAT_MS).unref()
  }

  stop(): void {
    if (--this.#users > 0) return
    clearInterval(this.#timer)
  }

  /**
   * Milliseconds for which the event loop was blocked since the last tick, or since the last call: each millisecond is charged
   * once. The smaller of wall clock and CPU time: a process that waits for a core does no work.
   */
  take(): number {
    const [wall, cpu] = [performance.now() - this.#wallMs, cpuMs() - this.#cpuMs]
    this.#mark()
    return Math.min(wall, cpu, MAX_STEP_MS)
  }

  readonly #mark = (): void => {
    this.#wallMs = performance.now()
    this.#cpuMs = cpuMs()
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
