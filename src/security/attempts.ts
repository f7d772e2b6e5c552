/** Peers that are remembered at a time. */
const MAX_PEERS = 4096

/**
 * Which of an acceptor's secrets a dialer asks for. The acceptor does not say how many it has, and answers for one a
 * connection: the next is asked for after a failure.
 */
export class Attempts {
  readonly #next = new Map<string, number>()
  /** What has worked last: while a cluster changes its secret, it works with most. */
  #lastGood = 0

  of(peer: string): number {
    return this.#next.get(peer) ?? this.#lastGood
  }

  failed(peer: string, attempt: number): void {
    this.#next.delete(peer)
    // As many as make every remainder of 1 to 4 secrets.
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
