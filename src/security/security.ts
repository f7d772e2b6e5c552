import type { Socket } from 'node:net'
import { TcpnetError } from '../errors.js'

/** What lies between TCP and the hello; the value of `sec` in the TXT record. */
export type SecurityMode = 'none' | 'psk' | 'tls'

/**
 * Called once, never from within: with the socket that the hello and the application use, or with what went wrong; with
 * null where the other side went away without a word.
 */
export type Secured = (result: Socket | TcpnetError | null) => void

/**
 * How a service's connections are secured. The sockets given in are connected and unread; a secured one owns the socket
 * that it was made of. Deadlines are the caller's: it destroys the socket that it gave in, and `done` is not called, or
 * is called with null.
 */
export interface Security {
  readonly mode: SecurityMode
  /** Gets ready: derives keys. `done` is called once, never from within. */
  prepare(done: (error: Error | null) => void): void
  /** Secures a connection that we dialed. */
  client(socket: Socket, done: Secured): void
  /** Secures a connection that we accepted. */
  server(socket: Socket, done: Secured): void
  /** Destroys a secured connection with a reset: the other side sees that something is missing. */
  reset(secured: Socket): void
}

/** No security: the socket as it is. */
export const plain: Security = {
  mode: 'none',
  prepare: (done) => process.nextTick(done, null),
  client: (socket, done) => process.nextTick(done, socket),
  server: (socket, done) => process.nextTick(done, socket),
  reset: (socket) => socket.resetAndDestroy()
}

const MODES: readonly string[] = ['none', 'psk', 'tls'] satisfies SecurityMode[]

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
