import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  createServer,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
  type TlsOptions
} from 'node:tls'
import { TcpnetError } from '../errors.js'
import type { Secured, Security, SecurityMode } from './security.js'

/** Called with the end of a handshake that this side accepts. */
type HandshakeEnd = (error: Error | null, secured: TLSSocket | null) => void

/** What the two kinds of TLS differ in. */
export interface TlsSetup {
  /** What a context of either side is made of, beside {@link CONTEXT}. */
  readonly context: SecureContextOptions
  readonly client: ConnectionOptions
  readonly server: TlsOptions
  /**
   * Why a finished handshake does not prove that the other side belongs; null where it does. Both sides ask it of every
   * connection: no option, no environment variable and no default of Node decides in its place.
   */
  readonly objection: (secured: TLSSocket) => Error | null
}

/**
 * One version, whatever Node was started with. No session tickets that could be resumed: a resumed session is not
 * verified again, so that a certificate would be good beyond its end (RFC 8446 §4.6.1 leaves that to the server).
 */
const CONTEXT = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384',
  secureOptions: constants.SSL_OP_NO_TICKET
} as const satisfies SecureContextOptions

/** Secures connections with TLS. */
export class TlsSecurity implements Security {
  readonly mode: SecurityMode
  readonly #setUp: () => Promise<TlsSetup>
  #setup: TlsSetup | null = null
  #client: ConnectionOptions = {}
  #server: Server | null = null
  /** The handshakes that the server has under way. */
  readonly #handshakes = new Handshakes()
  /** What each secured socket was made of. */
  readonly #raw = new WeakMap<Socket, Socket>()

  /** @param setUp called when the service listens */
  constructor(mode: SecurityMode, setUp: () => Promise<TlsSetup>) {
    this.mode = mode
    this.#setUp = setUp
  }

  prepare(done: (error: Error | null) => void): void {
    const prepared = (setup: TlsSetup) => {
      // One that came by renew() meanwhile is newer.
      this.#use(this.#setup ?? setup)
    }
    this.#setUp()
      .then(prepared)
      .then(
        () => process.nextTick(done, null),
        (error: Error) => process.nextTick(done, error)
      )
  }

  /** Takes another setup for the connections to come; those that stand are left alone. */
  renew(setup: TlsSetup): void {
    if (this.#server === null) this.#setup = setup
    else this.#use(setup)
  }

  client(socket: Socket, done: Secured): void {
    let secured: TLSSocket
    try {
      secured = connect({ ...this.#client, socket })
    } catch (error) {
      socket.destroy()
      process.nextTick(done, failed(error as Error))
      return
    }
    const end = (error: Error | null) => {
      socket.off('close', onClose)
      secured.off('secureConnect', onSecure).off('error', end).on('error', destroyThis)
      if (error === null) return this.#handOver(secured, socket, done)
      secured.destroy()
      done(failed(error))
    }
    const onSecure = () => end(this.#objectionTo(secured))
    const onClose = () => end(new Gone('the other side closed the connection'))
    secured.on('secureConnect', onSecure).on('error', end)
    socket.on('close', onClose)
  }

  server(socket: Socket, done: Secured): void {
    const end = (error: Error | null, secured: TLSSocket | null) => {
      this.#handshakes.delete(socket, end)
      socket.off('close', onClose)
      secured?.on('error', destroyThis)
      if (error === null && secured !== null) return this.#handOver(secured, socket, done)
      secured?.destroy()
      socket.destroy()
      done(error === null || isGone(error) ? null : failed(error))
    }
    const onClose = () => end(null, null)
    this.#handshakes.add(socket, end)
    socket.on('close', onClose)
    this.#server?.emit('connection', socket)
  }

  reset(secured: Socket): void {
    // Node resets no TLS socket.
    this.#raw.get(secured)?.resetAndDestroy()
    secured.destroy()
  }

  #handOver(secured: TLSSocket, raw: Socket, done: Secured): void {
    this.#raw.set(secured, raw)
    done(secured)
  }

  #objectionTo(secured: TLSSocket): Error | null {
    return this.#setup === null ? new Error('not prepared') : this.#setup.objection(secured)
  }

  /** Either all of it is used, or it throws and nothing has changed. */
  #use(setup: TlsSetup): void {
    const context = { ...CONTEXT, ...setup.context }
    const secureContext = createSecureContext(context)
    // Handshakes that the old server has under way go on in it.
    this.#server = this.#serve({ ...context, ...setup.server })
    // A ready context, not its parts: a socket shows its options to whoever inspects it.
    this.#client = { ...setup.client, secureContext }
    this.#setup = setup
  }

  /** The server never listens: it is given the sockets that the service has accepted. */
  #serve(options: TlsOptions): Server {
    const server = createServer(options)
      .on('secureConnection', (secured) =>
        this.#handshakes.of(secured)?.(this.#objectionTo(secured), secured)
      )
      .on('tlsClientError', (error, secured) => this.#handshakes.of(secured)?.(error, null))
    // It keeps what its context was made of, and every socket that it makes shows it to whoever inspects the socket.
    return Object.assign(server, { key: undefined, passphrase: undefined })
  }
}

/**
 * A listener for the errors of a secured socket. Node leaves the socket open after a record that cannot be decrypted, and
 * reads nothing of it any more: an altered byte would be a connection that never ends.
 */
function destroyThis(this: TLSSocket): void {
  this.destroy()
}

/** Finds the handshake that an event of a `tls.Server` is about: the event tells only the TLS socket that the server made. */
class Handshakes {
  readonly #byRaw = new Map<Socket, HandshakeEnd>()
  readonly #byEnds = new Map<string, HandshakeEnd>()

  add(raw: Socket, end: HandshakeEnd): void {
    this.#byRaw.set(raw, end)
    this.#byEnds.set(endsOf(raw), end)
  }

  delete(raw: Socket, end: HandshakeEnd): void {
    this.#byRaw.delete(raw)
    // The same addresses and ports may be in use again before the old connection's `close`.
    if (this.#byEnds.get(endsOf(raw)) === end) this.#byEnds.delete(endsOf(raw))
  }

  /**
   * Node keeps the raw socket in `_parent`, and has no public way to it. Where it is missing (other runtimes) the addresses
   * and ports of both ends tell; after a reset the TLS socket does not know them any more.
   */
  of(secured: TLSSocket): HandshakeEnd | undefined {
    const { _parent: raw } = secured as TLSSocket & { _parent?: Socket | null }
    return (raw ? this.#byRaw.get(raw) : undefined) ?? this.#byEnds.get(endsOf(secured))
  }
}

function endsOf(socket: Socket): string {
  return `${socket.localAddress} ${socket.localPort} ${socket.remoteAddress} ${socket.remotePort}`
}

/** The other side closed the connection in the middle of the handshake. */
class Gone extends Error {}

/** Whether the other side has gone in the middle of a handshake, as a dialer does that drops its dial. */
function isGone(error: NodeJS.ErrnoException): boolean {
  return error instanceof Gone || error.code === 'ECONNRESET' || error.code === 'EPIPE'
}

function failed(cause: NodeJS.ErrnoException): TcpnetError {
  const said = cause.code ?? cause.message
  const or = isGone(cause) ? ', or the other side is busy or closing' : ''
  return new TcpnetError(
    'ERR_TCPNET_TLS',
    `The TLS handshake failed (${said}): the two sides have no secret, or no certificate authority, in common${or}. ` +
      'Give every service of the cluster the same secret, or certificates of one authority that are valid.',
    cause
  )
}
