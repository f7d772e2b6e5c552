import { isHigher } from '../uuid.js'

/** What this side has of a peer at the moment at which the peer's hello is to be answered. */
export type Holding =
  | { readonly kind: 'nothing' }
  /** A dial of ours is under way; `sent`: our hello is out, so the peer may have seen it. */
  | { readonly kind: 'dial'; readonly sent: boolean }
  /** We are connected. */
  | {
      readonly kind: 'connection'
      /** The side that dialed it. */
      readonly dialer: 'self' | 'peer'
      /** Where we dialed: the count that the peer's `ok` carried. */
      readonly seq: number
      /** The boot of the peer's service at its other end. */
      readonly boot: string
    }

/** The parts of a hello that pairing looks at. */
export interface Applicant {
  readonly from: string
  readonly boot: string
  readonly seq: number
}

/** The parts of a hello that tell how it is ordered among those of its sender. */
export interface Numbered {
  readonly boot: string
  /** The number of the dial; null where the sender does not count. */
  readonly dial: number | null
}

/**
 * Whether a hello is of an earlier dial than one that was heard before. A service has one dial to a peer at a time, so the
 * earlier one was given up, and its hello came late: it is declined, whatever is held.
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
 * The pairing rule: exactly one connection a pair. It runs in the acceptor, and nothing else may stand in for it.
 *
 * `seq` is a logical clock: the number of dials that the sender of a line has answered with `ok`. A hello whose seq is
 * at least that of the `ok` which made our connection was sent after that `ok`: by a peer that lost the connection.
 */
export function pair(self: string, applicant: Applicant, holding: Holding): Verdict {
  switch (holding.kind) {
    case 'nothing':
      return 'accept'
    case 'connection': {
      const restarted = holding.boot !== applicant.boot
      const dialedAgain = holding.dialer === 'peer'
      const lostOurs = applicant.seq >= holding.seq
      return restarted || dialedAgain || lostOurs ? 'replace' : 'decline'
    }
    case 'dial': {
      // The peer cannot have seen a dial whose hello is not out. Of two that are out, the higher uuid's wins; the winner holds the
      // other until its own has ended, so that a pair is not left with none where the winner cannot be reached.
      const unseen = !holding.sent
      const peerWins = isHigher(applicant.from, self)
      return unseen || peerWins ? 'accept' : 'hold'
    }
  }
}
