import type { LinkState } from './link-state.js'

/** What a service knows of one of its peers. A snapshot. */
export interface Peer {
  readonly uuid: string
  /**
   * `announced`: known, and about to be dialed; `dialing`; `connected`; `closing`: its old connection is being closed;
   * `waiting`: the last dial failed, the next is at `retryAt`.
   */
  readonly state: 'announced' | 'dialing' | 'connected' | 'closing' | 'waiting'
  /** Whether its name is announced at present. A peer can be connected and not announced. */
  readonly announced: boolean
  /** Its host's name as it was told last; null while it was not asked for. */
  readonly host: string | null
  /** Its port as it was told last; null while it was not asked for. */
  readonly port: number | null
  /** Its addresses as they were told last, in the form in which they are dialed: link-local ones with their scope. */
  readonly addresses: readonly string[]
  /** Dials that failed, and connections that did not last, since the last good connection. */
  readonly failures: number
  /** When it is dialed next, in milliseconds since the epoch; null unless `waiting`. */
  readonly retryAt: number | null
  /** Why the last dial failed, or why none is made; null once connected. */
  readonly error: Error | null
}

/** What a link's state is called in {@link Peer}. */
export function peerStateOf({ kind }: LinkState): Peer['state'] {
  return kind === 'idle' || kind === 'expecting' ? 'announced' : kind
}
