import type { LinkState } from './link-state.js'

/** What a service knows of one of its peers. A snapshot; as JSON its `error` has `name`, `code` and `message`. */
export interface Peer {
  readonly uuid: string
  /**
   * `announced`: known, and about to be dialed; `dialing`; `connected`; `closing`: its old connection is being closed;
   * `waiting`: the last dial failed, or the last connection ended, and the next dial is at `retryAt`; `barred`: it is not
   * dialed, because it has another kind of security (`ERR_TCPNET_SECURITY`), or because one side's setting `shouldConnect`
   * says no (`ERR_TCPNET_UNWANTED`), and that is looked at again at `retryAt`.
   */
  readonly state: 'announced' | 'dialing' | 'connected' | 'closing' | 'waiting' | 'barred'
  /** Whether its name is announced at present. A peer can be connected and not announced. */
  readonly announced: boolean
  /** Its host's name as it was told last; null while it was not asked for. */
  readonly host: string | null
  /** Its port as it was told last; null while it was not asked for. */
  readonly port: number | null
  /** Its addresses as they were told last, in the form in which they are dialed: link-local ones with their scope. */
  readonly addresses: readonly string[]
  /** Dials that failed, and connections that ended within 15 seconds, since the last good connection. */
  readonly failures: number
  /** When it is dialed next, or looked at again, in milliseconds since the epoch; null unless `waiting` or `barred`. */
  readonly retryAt: number | null
  /**
   * Why the last dial failed, or why none is made; or how the last connection ended, where it stood for less than 15 seconds
   * (`ERR_TCPNET_ENDED_EARLY`): that stays until one has stood for so long. Null where all is well.
   */
  readonly error: Error | null
}

/** What a link's state is called in {@link Peer}. */
export function peerStateOf({ kind }: LinkState): Peer['state'] {
  return kind === 'idle' || kind === 'expecting' ? 'announced' : kind
}

/** A snapshot that also tells its error as JSON: errors have no properties that JSON shows. */
export function snapshotOf(peer: Peer): Peer {
  return Object.freeze(withJson(peer, () => ({ ...peer, error: plainError(peer.error) })))
}

/** Peers by uuid, which are an array of them as JSON: a Map has no properties that JSON shows. */
export function peerMap(peers: readonly Peer[]): ReadonlyMap<string, Peer> {
  return withJson(new Map(peers.map((peer) => [peer.uuid, peer])), () => peers)
}

/** The property is not enumerable: copies, comparisons and util.inspect are without it. */
function withJson<T extends object>(value: T, toJSON: () => unknown): T {
  return Object.defineProperty(value, 'toJSON', { value: toJSON })
}

function plainError(error: NodeJS.ErrnoException | null): object | null {
  return error === null ? null : { name: error.name, code: error.code, message: error.message }
}
