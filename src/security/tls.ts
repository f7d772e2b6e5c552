import type { Socket } from 'node:net'
import { type ConnectionOptions, connect, createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import { TcpnetError } from '../errors.js'
import type { Secured, Security, SecurityMode } from './security.js'

/** A handshake that this side accepts. */
interface Handshake {
  readonly end: (error: Error | null, secured: TLSSocket | null) => void
}

/** What the two kinds of TLS differ in. */
export interface TlsSetup {
  readonly mode: SecurityMode
  readonly client: ConnectionOptions
  readonly server: TlsOptions
}

/** Secures connections with TLS. The setup is asked for once, when the service listens. */
export class TlsSecurity implements Security {
  readonly mode: SecurityMode
  readonly #setUp: () => Promise<TlsSetup>
  #client: ConnectionOptions = {}
  #server: Server | null = null
  /** The handshakes that the server has under way, by the two ends' addresses and ports. */
  readonly #handshakes = new Map<string, Handshake>()

  constructor(mode: SecurityMode, setUp: () => Promise<TlsSetup>) {
    this.mode = mode
    this.#setUp = setUp
  }

  prepare(done: (error: Error | null) => void): void {
    this.#setUp().then(
      (setup) => {
        this.#client = setup.client
        // It never listens: it is given the sockets that the service has accepted.
        this.#server = createServer(setup.server)
          .on('secureConnection', (secured) => this.#handshakes.get(keyOf(secured))?.end(null, secured))
          .on('tlsClientError', (error, secured) => this.#handshakes.get(keyOf(secured))?.end(error, null))
        process.nextTick(done, null)
      },
      (error: Error) => process.nextTick(done, error)
    )
  }

  /** Takes other certificates for the connections to come; those that stand are left alone. */
  renew(setup: TlsSetup): void {
    this.#client = setup.client
    this.#server?.setSecureContext(setup.server)
  }

  client(socket: Socket, done: Secured): void {
    const secured = connect({ ...this.#client, socket })
    const end = (error: Error | null) => {
      socket.off('close', onClose)
      secured.off('secureConnect', onSecure).off('error', end).on('error', ignore)
      if (error === null) return done(secured)
      secured.destroy()
      done(failed(error))
    }
    const onSecure = () => end(null)
    const onClose = () => end(new Error('the other side closed the connection'))
    secured.on('secureConnect', onSecure).on('error', end)
    socket.on('close', onClose)
  }

  server(socket: Socket, done: Secured): void {
    const key = keyOf(socket)
    const end = (error: Error | null, secured: TLSSocket | null) => {
      this.#handshakes.delete(key)
      socket.off('close', onClose)
      secured?.on('error', ignore)
      if (secured !== null) return done(secured)
      socket.destroy()
      done(error === null || isGone(error) ? null : failed(error))
    }
    const onClose = () => end(null, null)
    this.#handshakes.set(key, { end })
    socket.on('close', onClose)
    this.#server?.emit('connection', socket)
  }
}

function ignore(): void {}

function keyOf(socket: Socket): string {
  return `${socket.localAddress} ${socket.localPort} ${socket.remoteAddress} ${socket.remotePort}`
}

/** Whether the other side has gone in the middle of a handshake, as a dialer does that drops its dial. */
function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE'
}

function failed(cause: NodeJS.ErrnoException): TcpnetError {
  const said = cause.code ?? cause.message
  return new TcpnetError(
    'ERR_TCPNET_TLS',
    `The TLS handshake failed (${said}): the two sides have no secret, or no certificate authority, in common. ` +
      'Give every service of the cluster the same secret, or certificates of one authority that are valid.',
    cause
  )
}
