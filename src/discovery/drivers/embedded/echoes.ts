/** Milliseconds after which a message that was sent is not expected back any more, and how many are. */
const [EXPECTED_MS, MAX_EXPECTED] = [1000, 256]

/**
 * Messages that this process has sent by multicast, and that the system gives back to its socket. Each comes back once: another of
 * the same bytes is another process's, and counts.
 */
export class Echoes {
  readonly #now: () => number
  #expected: { readonly bytes: Buffer; readonly until: number }[] = []

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number) {
    this.#now = now
  }

  sent(bytes: Buffer): void {
    const now = this.#now()
    this.#expected = this.#expected.filter(({ until }) => until > now).slice(1 - MAX_EXPECTED)
    this.#expected.push({ bytes, until: now + EXPECTED_MS })
  }

  /** Whether a message from this machine is one that was sent and has not come back so far. */
  take(bytes: Buffer): boolean {
    const at = this.#expected.findIndex((sent) => sent.bytes.equals(bytes))
    if (at < 0) return false
    this.#expected.splice(at, 1)
    return true
  }
}
