/** Milliseconds after which a sent message is no longer expected back, and the most messages that are expected. */
const [EXPECTED_MS, MAX_EXPECTED] = [1000, 256]

/**
 * The multicast messages that a link has sent, which the system loops back to its socket. Each comes back once: a
 * further message with the same bytes was sent by another process, and is not an echo.
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

  /** Whether a message from this machine was sent by this link and has not come back yet. */
  take(bytes: Buffer): boolean {
    const now = this.#now()
    const at = this.#expected.findIndex((sent) => sent.until > now && sent.bytes.equals(bytes))
    if (at < 0) return false
    this.#expected.splice(at, 1)
    return true
  }
}
