/** For how long a peer is no news, in milliseconds. */
const TOLD_MS = 60_000
/** Peers that are remembered; of more, the oldest are forgotten. Their uuids are claims, as many as a host on the network likes. */
const MAX_PEERS = 256

/**
 * The peers of which it was told in the last minute that TLS fails, or that their secret is another: they dial, and are dialed,
 * again and again.
 */
export class RecentlyTold {
  /** When each was told, in milliseconds of the monotonic clock, the oldest first. */
  readonly #at = new Map<string, number>()

  /** Whether a peer is to be told of now: then it is remembered. */
  isNews(uuid: string): boolean {
    const now = performance.now()
    const at = this.#at.get(uuid)
    if (at !== undefined && now - at < TOLD_MS) return false
    this.#at.delete(uuid)
    this.#at.set(uuid, now)
    const [oldest] = this.#at.keys()
    if (this.#at.size > MAX_PEERS && oldest !== undefined) this.#at.delete(oldest)
    return true
  }
}
