import type { Socket } from 'node:net'
import type { Dial } from './dialer.js'
import type { Holding } from './pairing.js'

/** A link's state. Each variant owns what it contains; only `Link.enter` changes the state. */
export type LinkState =
  /** Nothing is under way: the next step is to be decided, or a dial waits for its turn. */
  | { readonly kind: 'idle' }
  /** The peer has just been seen: a hint, or its own dial, is expected. */
  | { readonly kind: 'expecting'; readonly timer: NodeJS.Timeout }
  /** A dial is under way, which includes the question where the peer is. */
  | { readonly kind: 'dialing'; readonly dial: Dial }
  | {
      readonly kind: 'connected'
      readonly socket: Socket
      readonly dialer: 'self' | 'peer'
      /** If we dialed: the count in the peer's `ok`; else 0. */
      readonly seq: number
      readonly boot: string
    }
  /** Our old connection was destroyed, and its `close` has not been emitted yet. */
  | { readonly kind: 'closing'; readonly socket: Socket }
  /** The next dial waits; or the peer is not dialed until the next check. `until`: milliseconds since the epoch. */
  | { readonly kind: 'waiting' | 'barred'; readonly timer: NodeJS.Timeout; readonly until: number }

/** What pairing needs to know of a link's state; null if the answer has to wait until our old connection has closed. */
export function holdingOf(state: LinkState): Holding | null {
  switch (state.kind) {
    case 'idle':
    case 'expecting':
    case 'waiting':
    case 'barred':
      return { kind: 'nothing' }
    case 'dialing':
      return { kind: 'dial', sent: state.dial.sent }
    case 'connected':
      return { kind: 'connection', dialer: state.dialer, seq: state.seq, boot: state.boot }
    case 'closing':
      return null
  }
}
