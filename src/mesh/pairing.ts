import { isHigher } from '../uuid.js'

/** What this side has with a peer when the peer's hello is to be answered: nothing, a dial or a connection. */
export type Holding =
  | { readonly kind: 'nothing' }
  /** A dial of ours is under way; `sent`: our hello was sent, so the peer may have seen it. */
  | { readonly kind: 'dial'; readonly sent: boolean }
  /** We are connected. */
  | {
      readonly kind: 'connection'
      /** The side that dialed it. */
      readonly dialer: 'self' | 'peer'
      /** If we dialed: the count in the peer's `ok`. */
      readonly seq: number
      /** The boot of the peer at the other end. */
      readonly boot: string
    }

/** The parts of a hello that pairing looks at. */
export interface ReceivedHello {
  readonly from: string
  readonly boot: string
  readonly seq: number
}

/** The parts of a hello that order it among the hellos of its sender. */
export interface Numbered {
  readonly boot: string
  /** The number of the dial; null if the hello has none. */
  readonly dial: number | null
}

/**
 * Whether a hello belongs to an earlier dial than a hello that was received before it. A service has one dial of a peer at a
 * time, so the earlier dial was given up, and its hello came late: it is declined in any case.
 */
export function isOvertaken(hello: Numbered, heard: Numbered): boolean {
  return hello.boot === heard.boot && hello.dial !== null && heard.dial !== null && hello.dial < heard.dial
}

/**
 * What to do with a peer's dial:
 *
 * - `accept`: answer `ok`, and drop a dial of our own;
 * - `replace`: close our connection, and answer `ok` when it is closed;
 * - `decline`: answer `connected`;
 * - `hold`: leave it unanswered until our own dial has ended, and ask again.
 */
export type Verdict = 'accept' | 'replace' | 'decline' | 'hold'

/**
 * The pairing rule: exactly one connection for each pair. The acceptor alone applies it.
 *
 * `seq` is a logical clock: the number of dials that the sender of a line has answered with `ok`. A hello with a seq of at
 * least that of the `ok` which made our connection was sent after that `ok`: the peer has lost the connection.
 */
export function pair(self: string, hello: ReceivedHello, holding: Holding): Verdict {
  switch (holding.kind) {
    case 'nothing':
      return 'accept'
    case 'connection': {
      const restarted = holding.boot !== hello.boot
      const dialedAgain = holding.dialer === 'peer'
      const lostOurs = hello.seq >= holding.seq
      return restarted || dialedAgain || lostOurs ? 'replace' : 'decline'
    }
    case 'dial': {
      // The peer cannot have seen a dial whose hello was not sent. Of two dials with sent hellos, that of the higher uuid wins; the
      // winner holds the other dial until its own has ended, so that the pair gets a connection even if the winner's dial
      // fails.
      const unseen = !holding.sent
      const peerWins = isHigher(hello.from, self)
      return unseen || peerWins ? 'accept' : 'hold'
    }
  }
}
