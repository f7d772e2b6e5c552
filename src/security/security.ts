import type { Socket } from 'node:net'
import { TcpnetError } from '../errors.js'
import { type Line, readLine } from '../net/line.js'

/** The protocol between TCP and the hello; the value of `sec` in the TXT record. */
export type SecurityMode = 'none' | 'secret' | 'tls'

/** A secured connection before the application gets it: the hello and its answer go over it. */
export interface Channel {
  /** The socket for the application. It owns the socket below it. */
  readonly socket: Socket
  /** The uuid that the other side has proven, or will have proven when its line is received; null if it proves none. */
  readonly peer: string | null
  /** Sends our line. To be called once. */
  send(line: string): void
  /** Receives the other side's line, as {@link readLine} does. To be called once. */
  receive(done: (line: Line) => void): () => void
}

/**
 * Called once, never from within the call that takes it: with a secured connection, with an error, or with null if the other
 * side closed the connection and nothing is to be reported.
 */
export type Secured = (result: Channel | TcpnetError | null) => void

/**
 * Secures the connections of a service. The sockets passed in are connected, and nothing was read from them. The caller sets
 * deadlines: it destroys the socket that it passed in, and then `done` is not called, or is called with null.
 */
export interface Security {
  readonly mode: SecurityMode
  /** Derives keys. `done` is called once, never from within this call. */
  prepare(done: (error: Error | null) => void): void
  /**
   * Secures a connection that we dialed.
   *
   * @param peer the uuid of the peer that was dialed
   */
  client(socket: Socket, peer: string, done: Secured): void
  /** Secures a connection that we accepted. */
  server(socket: Socket, done: Secured): void
  /** Destroys a secured connection with a reset: the other side sees that data is missing. */
  reset(secured: Socket): void
  /** The service has closed: erases the secrets. Idempotent. */
  forget(): void
}

/** A channel that sends lines over the socket without change. */
export function plainChannel(socket: Socket): Channel {
  return {
    socket,
    peer: null,
    send: (line) => socket.write(line),
    receive: (done) => readLine(socket, done)
  }
}

/** No security: the TCP socket itself. */
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
 * Why a peer that announces another kind of security is not dialed; null if it announces ours.
 *
 * @param announced the value of `sec` in its TXT record; without it, the peer has no security
 */
export function securityObjection({ mode }: Security, uuid: string, announced = 'none'): TcpnetError | null {
  if (announced === mode) return null
  // An unknown value is not repeated: the text is untrusted.
  const kind = MODES.includes(announced) ? `security "${announced}"` : 'another kind of security'
  return new TcpnetError(
    'ERR_TCPNET_SECURITY',
    `The peer ${uuid} announces ${kind}, but this service has "${mode}": the peer is not dialed. ` +
      'Give every service of the cluster the same kind of security: a secret, certificates, or none.'
  )
}
