import type { Message } from './messages.js'
import type { Family } from './records.js'

/** Milliseconds in which the same response on the same interface is the one that went over the other family: less than to the second announcement. */
const SAME_MS = 500

/**
 * What a response says: something new; nothing new of where instances are; or nothing new at all, because the same has just come
 * over IPv4, and is known on the interface.
 */
export type Novelty = 'new' | 'repeated' | 'duplicate'

/** The responses that were heard of late: nearly all hosts send each over both families. */
export class RecentResponses {
  readonly #now: () => number
  /** The inbox gives the same object for the same bytes. */
  readonly #received = new WeakMap<Message, { readonly index: number; readonly family: Family; readonly at: number }>()

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Remembers a response that has come over a link. */
  add(message: Message, { index, family }: { readonly index: number; readonly family: Family }): Novelty {
    const at = this.#now()
    const before = this.#received.get(message)
    if (before?.index !== index || at - before.at >= SAME_MS) {
      this.#received.set(message, { index, family, at })
      return 'new'
    }
    if (before.family !== 4 || family !== 6) return 'repeated'
    // Each makes one over IPv6 superfluous: of two that are alike, others may have come between them, such as a goodbye.
    this.#received.delete(message)
    return 'duplicate'
  }
}
