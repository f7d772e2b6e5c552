/** The most peers that are remembered. */
const MAX_PEERS = 4096

/**
 * Which of an acceptor's secrets a dialer asks for. The acceptor does not reveal how many secrets it has, and uses one for each
 * connection: after a failure the dialer asks for the next.
 */
export class Attempts {
  readonly #next = new Map<string, number>()
  /** The number that succeeded last: while a cluster changes its secret, it succeeds with most peers. */
  #lastGood = 0

  of(peer: string): number {
    return this.#next.get(peer) ?? this.#lastGood
  }

  failed(peer: string, attempt: number): void {
    this.#next.delete(peer)
    // 12 is a multiple of 1 to 4, the possible numbers of secrets: each secret has its turn.
    this.#next.set(peer, (attempt + 1) % 12)
    for (const oldest of this.#next.keys()) {
      if (this.#next.size <= MAX_PEERS) break
      this.#next.delete(oldest)
    }
  }

  succeeded(peer: string, attempt: number): void {
    this.#next.delete(peer)
    this.#lastGood = attempt
  }
}
