import type { Socket } from 'node:net'
import { TcpnetError } from '../errors.js'
import { type Line, readLine } from '../net/line.js'

/** What lies between TCP and the hello; the value of `sec` in the TXT record. */
export type SecurityMode = 'none' | 'secret' | 'tls'

/** A secured connection before the application gets it: the hello and its answer go over it. */
export interface Channel {
  /** What the application gets. It owns the socket that it was made of. */
  readonly socket: Socket
  /** The uuid that the other side has proven, or will have when its line is received; null where none is proven. */
  readonly peer: string | null
  /** Sends our line. To be called once. */
  send(line: string): void
  /** Receives the other side's line, with the promises of {@link readLine}. To be called once. */
  receive(done: (line: Line) => void): () => void
}

/**
 * Called once, never from within: with a secured connection, or with what went wrong; with null where the other side went
 * away without a word.
 */
export type Secured = (result: Channel | TcpnetError | null) => void

/**
 * How a service's connections are secured. The sockets given in are connected and unread. Deadlines are the caller's: it
 * destroys the socket that it gave in, and `done` is not called, or is called with null.
 */
export interface Security {
  readonly mode: SecurityMode
  /** Gets ready: derives keys. `done` is called once, never from within. */
  prepare(done: (error: Error | null) => void): void
  /**
   * Secures a connection that we dialed.
   *
   * @param peer the uuid of the peer that was dialed
   */
  client(socket: Socket, peer: string, done: Secured): void
  /** Secures a connection that we accepted. */
  server(socket: Socket, done: Secured): void
  /** Destroys a secured connection with a reset: the other side sees that something is missing. */
  reset(secured: Socket): void
  /** The service has closed: lets go of secrets. Idempotent. */
  forget(): void
}

/** A channel whose lines go over the socket as they are. */
export function plainChannel(socket: Socket): Channel {
  return {
    socket,
    peer: null,
    send: (line) => socket.write(line),
    receive: (done) => readLine(socket, done)
  }
}

/** No security: the socket as it is. */
export const plain: Security = {
  mode: 'none',
  prepare: (done) => process.nextTick(done, null),
  client: (socket, _peer, done) => process.nextTick(done, plainChannel(socket)),
  server: (socket, done) => process.nextTick(done, plainChannel(socket)),
  reset: (socket) => socket.resetAndDestroy(),
  forget: () => {}
}

const MODES: readonly string[] = ['none', 'secret', 'tls'] satisfies SecurityMode[]

/**
 * Why a peer need not be dialed that announces another kind of security; null where it announces ours.
 *
 * @param announced the value of `sec` in its TXT record; a peer that says nothing has none
 */
export function securityObjection({ mode }: Security, uuid: string, announced = 'none'): TcpnetError | null {
  if (announced === mode) return null
  // Not repeated where it is none of them: it is the text of a stranger.
  const kind = MODES.includes(announced) ? `security "${announced}"` : 'another kind of security'
  return new TcpnetError(
    'ERR_TCPNET_SECURITY',
    `The peer ${uuid} announces ${kind}, this service has "${mode}": it is not dialed. ` +
      'Give every service of the cluster the same kind of security: a secret, certificates, or none.'
  )
}
