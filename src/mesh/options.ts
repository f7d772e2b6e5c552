import type { Socket } from 'node:net'
import type { Instance } from '../discovery/discovery.js'
import type { TcpnetError } from '../errors.js'
import type { Security } from '../security/security.js'
import type { BucketLimits } from '../token-bucket.js'
import type { publishChange } from '../trace.js'
import type { ConnectBudget } from './connect-budget.js'
import type { CrowdLimitOptions, FilterConnects } from './crowd-limit.js'
import type { Limits } from './limits.js'
import type { Link } from './link.js'
import type { Peer } from './peer.js'
import type { Connect } from './race.js'
import type { RejectInfo } from './refusals.js'

/** The parts of a mesh, and its callbacks. */
export interface MeshOptions {
  readonly name: string
  readonly uuid: string
  readonly boot: string
  readonly security: Security
  readonly limits: Limits
  /** Asks discovery where a peer is; null if no answer comes. Never rejects. */
  readonly locate: (uuid: string, signal: AbortSignal) => Promise<Instance | null>
  /** The port on which the service listens; null before it listens. */
  readonly port: () => number | null
  /** Seconds after which keep-alive will probe a connection that is being dialed; null, the default, if nothing is promised. */
  readonly keepAlive?: (socket: Socket) => number | null
  /** Whether the application wants a connection with a peer; default: always. Does not throw. */
  readonly shouldConnect?: ((peer: Peer) => boolean) | undefined
  /** Opens connections; default: those of node:net. */
  readonly connect?: Connect
  /** Has the kernel drop attempts to connect to the service; default: it cannot. */
  readonly filterConnects?: FilterConnects
  /** How many connections that lead to no peer are accepted; default: that of {@link CrowdLimit}. */
  readonly crowd?: Pick<CrowdLimitOptions, 'limits' | 'inAll'>
  /** The budget for connects to peers that were never connected; default: that of the process. */
  readonly budget?: ConnectBudget
  /** How often a peer's connection is replaced; default: that of {@link Replacements}. */
  readonly replacements?: BucketLimits
  /**
   * A peer is connected: the hello has succeeded, and the socket belongs to the application. `keepAlive`: the seconds that the
   * peer's hello promises; null if it promises nothing, or we dialed.
   */
  readonly onConnection: (socket: Socket, uuid: string, keepAlive: number | null) => void
  /** Publishes the states of peers; default: {@link publishChange}. */
  readonly publish?: typeof publishChange
  /** The socket of a peer has closed. Called before the application's listeners for `close`. */
  readonly onDisconnected: (socket: Socket) => void
  /** A dial failed, and the failure is not likely to pass by itself. */
  readonly onDialFailed: (error: Error, peer: Peer) => void
  /** An inbound connection was refused. */
  readonly onRejected: (error: TcpnetError, info: RejectInfo) => void
}

/** What a link needs from the service that it belongs to. */
export interface LinkOwner extends Pick<MeshOptions, 'name' | 'uuid' | 'shouldConnect' | 'publish'> {
  /** Default: {@link DEFAULT_LIMITS}. */
  readonly limits?: Limits
  /** A time for which the link waited is over: its next step is to be decided. */
  readonly onDue: (link: Link) => void
}
