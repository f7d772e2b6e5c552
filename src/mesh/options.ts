import type { Socket } from 'node:net'
import type { Instance } from '../discovery/discovery.js'
import type { TcpnetError } from '../errors.js'
import type { Security } from '../security/security.js'
import type { BucketLimits } from '../token-bucket.js'
import type { ConnectBudget } from './connect-budget.js'
import type { Limits } from './limits.js'
import type { Link } from './link.js'
import type { Peer } from './peer.js'
import type { Connect } from './race.js'
import type { RejectInfo } from './refusals.js'

/** What a mesh is made of, and what it tells. */
export interface MeshOptions {
  readonly name: string
  readonly uuid: string
  readonly boot: string
  readonly security: Security
  readonly limits: Limits
  /** Asks discovery where a peer is; null where no answer comes. Never rejects. */
  readonly locate: (uuid: string, signal: AbortSignal) => Promise<Instance | null>
  /** The port on which the service listens, once it does. */
  readonly port: () => number | null
  /** Whether the application wants a connection with a peer; default: always. Does not throw. */
  readonly shouldConnect?: ((peer: Peer) => boolean) | undefined
  /** Opens connections; default: those of node:net. */
  readonly connect?: Connect
  /** What connects to peers that were never connected are taken out of; default: that of the process. */
  readonly budget?: ConnectBudget
  /** How often a peer's connection is replaced; default: that of {@link Replacements}. */
  readonly replacements?: BucketLimits
  /** A peer is connected: the hello has succeeded, the socket is the application's. */
  readonly onConnection: (socket: Socket, uuid: string) => void
  /** Its socket has closed. Called before the application hears of it. */
  readonly onDisconnected: (socket: Socket) => void
  /** A dial failed, and not because the peer goes away. */
  readonly onDialFailed: (error: Error, peer: Peer) => void
  /** An inbound connection was refused. */
  readonly onRejected: (error: TcpnetError, info: RejectInfo) => void
}

/** What a link has of the service that it belongs to. */
export interface LinkOwner extends Pick<MeshOptions, 'name' | 'uuid' | 'shouldConnect'> {
  /** Default: {@link DEFAULT_LIMITS}. */
  readonly limits?: Limits
  /** A time that the link had to wait is over: its next step is to be decided. */
  readonly onDue: (link: Link) => void
}
