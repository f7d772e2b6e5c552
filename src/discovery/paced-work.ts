/** How work is spread over the turns of the event loop. */
export interface Pace {
  /** Milliseconds of work in one turn; the piece of work that exceeds them is completed. */
  readonly msPerTurn: number
  /** The most pieces of work that may wait. */
  readonly maxWaiting: number
  /** The time, in milliseconds. */
  readonly now: () => number
  /** Calls back at the end of this turn, or, from such a call, at the end of the next. */
  readonly atEndOfTurn: (callback: () => void) => void
}

/**
 * Processes the work that packets from the network cause, in small pieces and in order: at once while there is time left in
 * this turn of the event loop, else in a later turn. So a flood of packets does not block the process.
 */
export class PacedWork {
  readonly #pace: Pace
  readonly #waiting: (() => void)[] = []
  #spentMs = 0
  #turnIsAwaited = false

  constructor(pace: Pick<Pace, 'msPerTurn' | 'maxWaiting'> & Partial<Pace>) {
    this.#pace = { now: () => performance.now(), atEndOfTurn: (callback) => setImmediate(callback), ...pace }
  }

  /** Does a piece of work, or queues it. Returns false, and drops it, if too many pieces wait already. */
  do(piece: () => void): boolean {
    const { msPerTurn, maxWaiting } = this.#pace
    const isBusy = this.#waiting.length > 0 || this.#spentMs >= msPerTurn
    if (isBusy && this.#waiting.length >= maxWaiting) return false
    this.#awaitTurn()
    if (isBusy) this.#waiting.push(piece)
    else this.#run(piece)
    return true
  }

  #run(piece: () => void): void {
    const start = this.#pace.now()
    try {
      piece()
    } finally {
      this.#spentMs += this.#pace.now() - start
    }
  }

  #awaitTurn(): void {
    if (this.#turnIsAwaited) return
    this.#turnIsAwaited = true
    this.#pace.atEndOfTurn(this.#onEndOfTurn)
  }

  readonly #onEndOfTurn = (): void => {
    this.#turnIsAwaited = false
    try {
      while (this.#spentMs < this.#pace.msPerTurn) {
        const piece = this.#waiting.shift()
        if (piece === undefined) break
        this.#run(piece)
      }
    } finally {
      this.#spentMs = 0
      if (this.#waiting.length > 0) this.#awaitTurn()
    }
  }
}
