/** Milliseconds for which a failure of the same peer is not reported again. */
const QUIET_MS = 60_000
/**
 * The most peers that are remembered; the oldest is removed first. The uuids are claims: a host can make any number of them.
 */
const MAX_PEERS = 256

/**
 * The peers for which a TLS failure, or another secret, was reported in the last minute: such a failure repeats with every
 * dial.
 */
export class RecentReports {
  /** The time of each report, in milliseconds of the monotonic clock, the oldest first. */
  readonly #at = new Map<string, number>()

  /** Whether a failure of a peer is to be reported now; if so, the peer is remembered. */
  shouldReport(uuid: string): boolean {
    const now = performance.now()
    const at = this.#at.get(uuid)
    if (at !== undefined && now - at < QUIET_MS) return false
    this.#at.delete(uuid)
    this.#at.set(uuid, now)
    const [oldest] = this.#at.keys()
    if (this.#at.size > MAX_PEERS && oldest !== undefined) this.#at.delete(oldest)
    return true
  }
}
