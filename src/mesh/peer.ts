import type { LinkState } from './link-state.js'

/** A snapshot of what a service knows of one of its peers; as JSON its `error` has `name`, `code` and `message`. */
export interface Peer {
  readonly uuid: string
  /**
   * `announced`: known, and about to be dialed; `dialing`; `connected`; `closing`: its old connection is being closed;
   * `waiting`: the last dial failed, or the last connection ended, and the next dial is at `retryAt`; `barred`: it is not
   * dialed, because it has another kind of security (`ERR_TCPNET_SECURITY`), or because the setting `shouldConnect` of one side
   * returns false (`ERR_TCPNET_UNWANTED`); the next check is at `retryAt`.
   */
  readonly state: 'announced' | 'dialing' | 'connected' | 'closing' | 'waiting' | 'barred'
  /** Whether its name is announced at present. A peer can be connected and not announced. */
  readonly announced: boolean
  /** Its host's name as it was last reported; null while unknown. */
  readonly host: string | null
  /** Its port as it was last reported; null while unknown. */
  readonly port: number | null
  /** Its addresses as they were last reported, in the form in which they are dialed: link-local ones have their scope. */
  readonly addresses: readonly string[]
  /** Dials that failed, and connections that ended within 15 seconds, since the last good connection. */
  readonly failures: number
  /** The time of the next dial, or of the next check, in milliseconds since the epoch; null unless `waiting` or `barred`. */
  readonly retryAt: number | null
  /**
   * Why the last dial failed, or why none is made; or how the last connection ended, if it lasted less than 15 seconds
   * (`ERR_TCPNET_ENDED_EARLY`): that error stays until a connection has lasted 15 seconds. Null if there is none of these.
   */
  readonly error: Error | null
}

/** What a link's state is called in {@link Peer}. */
export function peerStateOf({ kind }: LinkState): Peer['state'] {
  return kind === 'idle' || kind === 'expecting' ? 'announced' : kind
}

/** A snapshot whose JSON contains its error: errors have no properties that JSON shows. */
export function snapshotOf(peer: Peer): Peer {
  return Object.freeze(withJson(peer, () => ({ ...peer, error: plainError(peer.error) })))
}

/** Peers by uuid; as JSON, an array of them: a Map has no properties that JSON shows. */
export function peerMap(peers: readonly Peer[]): ReadonlyMap<string, Peer> {
  return withJson(new Map(peers.map((peer) => [peer.uuid, peer])), () => peers)
}

/** The property is not enumerable: copies, comparisons and util.inspect leave it out. */
function withJson<T extends object>(value: T, toJSON: () => unknown): T {
  return Object.defineProperty(value, 'toJSON', { value: toJSON })
}

function plainError(error: NodeJS.ErrnoException | null): object | null {
  return error === null ? null : { name: error.name, code: error.code, message: error.message }
}
