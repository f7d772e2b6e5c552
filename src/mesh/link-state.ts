import type { Socket } from 'node:net'
import type { Dial } from './dialer.js'
import type { Holding } from './pairing.js'

/** Where a link stands. Each variant owns what is in it; `Link.enter` alone changes it. */
export type LinkState =
  /** Nothing is under way: the next step is to be decided, or a dial waits for its turn. */
  | { readonly kind: 'idle' }
  /** The peer has just been seen: a hint of where it is, or its own dial, is about to come. */
  | { readonly kind: 'expecting'; readonly timer: NodeJS.Timeout }
  /** Includes the question where the peer is. */
  | { readonly kind: 'dialing'; readonly dial: Dial }
  | {
      readonly kind: 'connected'
      readonly socket: Socket
      readonly dialer: 'self' | 'peer'
      /** Where we dialed: the count that the peer's `ok` carried. */
      readonly seq: number
      readonly boot: string
    }
  /** Our old connection was destroyed; its `close` is awaited. */
  | { readonly kind: 'closing'; readonly socket: Socket }
  /** The next dial waits; or the peer is not dialed, until that is looked at again. `until` is in milliseconds since the epoch. */
  | { readonly kind: 'waiting' | 'barred'; readonly timer: NodeJS.Timeout; readonly until: number }

/** What pairing needs to know of a link's state; null where the answer has to wait for our old connection's close. */
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
