/** If the clocks drift apart by more than this between two checks, the machine was asleep or its clock was set. */
const ASLEEP_MS = 5000

/** Detects that the machine was asleep: the time of day advances meanwhile, and the monotonic clock does not. */
export class SleepWatch {
  readonly #now: () => number
  readonly #wallClock: () => number
  #apartMs: number

  /**
   * @param now milliseconds of a monotonic clock
   * @param wallClock the time of day in milliseconds
   */
  constructor(now: () => number, wallClock: () => number) {
    this.#now = now
    this.#wallClock = wallClock
    this.#apartMs = wallClock() - now()
  }

  /** Milliseconds by which the clocks have drifted apart since the last call; 0 if the drift is small. */
  check(): number {
    const apartMs = this.#wallClock() - this.#now()
    const driftMs = apartMs - this.#apartMs
    this.#apartMs = apartMs
    return Math.abs(driftMs) > ASLEEP_MS ? driftMs : 0
  }
}
