/** How often the meter looks at the clock while something is measured, in milliseconds: what it can err by. */
const BEAT_MS = 5
/** The most that one step can count, in milliseconds: the application holds the loop, too. */
const MAX_STEP_MS = 1000

/**
 * Measures how long the event loop has been held. A TLS handshake computes inside of Node, before any event of its
 * socket is emitted: what it cost is only seen by a clock that should have ticked meanwhile.
 */
export class LoopMeter {
  #users = 0
  #timer: NodeJS.Timeout | undefined
  #wallMs = 0
  #cpuMs = 0

  /** Keeps the clock ticking until {@link stop}. */
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
   * Milliseconds for which the loop has been held since the last tick, or since this was last called: a millisecond is
   * charged once. Of wall clock and CPU the smaller: a process that had to wait for a core has not worked.
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
