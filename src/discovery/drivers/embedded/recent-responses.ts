import type { Message } from './messages.js'
import type { Family } from './records.js'

/** Milliseconds in which the same response counts as a copy: announcements are repeated only after a second. */
const SAME_MS = 500

/** `repeated`: just received on the interface as well. `duplicate`: moreover, the IPv6 copy of one over IPv4. */
export type Novelty = 'new' | 'repeated' | 'duplicate'

/** Recognizes copies of recent responses: nearly all hosts send each response over both families. */
export class RecentResponses {
  readonly #now: () => number
  /** By message: the inbox returns the same object for the same bytes. */
  readonly #received = new WeakMap<Message, { readonly index: number; readonly family: Family; readonly at: number }>()

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Records that a response was received over a link. Returns how it compares to recent ones. */
  add(message: Message, { index, family }: { readonly index: number; readonly family: Family }): Novelty {
    const at = this.#now()
    const before = this.#received.get(message)
    if (before?.index !== index || at - before.at >= SAME_MS) {
      this.#received.set(message, { index, family, at })
      return 'new'
    }
    if (before.family !== 4 || family !== 6) return 'repeated'
    // Only one copy is a duplicate: before a second one, another response may have been received, such as a goodbye.
    this.#received.delete(message)
    return 'duplicate'
  }
}
