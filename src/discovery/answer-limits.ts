/** How much of the answers to a query is read. The driver reports the other instances of a first look later. */
export interface AnswerLimits {
  /** The most source addresses. */
  readonly senders: number
  /** The most messages from each sender. */
  readonly messagesPerSender: number
  /** The longest message, in bytes (RFC 6762 §17). */
  readonly messageBytes: number
  /** The most instances, from all senders together. */
  readonly hints: number
  readonly hintsPerSender: number
  /** The most time for reading all messages together, in milliseconds. */
  readonly workMs: number
}

export const ANSWER_LIMITS: AnswerLimits = {
  senders: 1024,
  messagesPerSender: 64,
  messageBytes: 9000,
  hints: 1024,
  hintsPerSender: 256,
  workMs: 500
}

/** The limits of the answers about one instance: its host sends one, and another if its records change. */
export const LOCATE_LIMITS: AnswerLimits = { ...ANSWER_LIMITS, hintsPerSender: 2 }

/** Counts what was read of the answers to one query, and compares it with the limits. */
export class AnswerCounts {
  readonly #limits: AnswerLimits
  readonly #senders = new Map<string, { messages: number; hints: number }>()
  #hints = 0
  #workMs = 0

  constructor(limits: AnswerLimits) {
    this.#limits = limits
  }

  /** Counts a received message. Returns whether it is to be read. */
  takeMessage(sender: string, bytes: number): boolean {
    const { senders, messagesPerSender, messageBytes } = this.#limits
    if (bytes > messageBytes || !this.hasTime) return false
    const known = this.#senders.get(sender)
    if (known === undefined) {
      if (this.#senders.size >= senders) return false
      this.#senders.set(sender, { messages: 1, hints: 0 })
      return true
    }
    known.messages++
    return known.messages <= messagesPerSender
  }

  /** Counts an instance in a message that {@link takeMessage} has counted. Returns whether it is to be reported. */
  takeHint(sender: string): boolean {
    const known = this.#senders.get(sender)
    if (known === undefined || known.hints >= this.#limits.hintsPerSender || this.#hints >= this.#limits.hints)
      return false
    known.hints++
    this.#hints++
    return true
  }

  /** Whether there is time left to read a message. */
  get hasTime(): boolean {
    return this.#workMs < this.#limits.workMs
  }

  /** Counts the time that a message took. */
  addWork(ms: number): void {
    this.#workMs += ms
  }
}
