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
import { addonIfLoaded } from '../addon.js'
import { canonical } from '../net/addresses.js'
import { gates, type HandshakeGate } from './gate.js'
import { failed, Handshake } from './handshake.js'
import type { Receive } from './handshake-feed.js'
import { LOOK_EVERY_MS, OverheadWatch } from './overhead.js'
import { ProvenPairs } from './proven.js'
import type { Secured, Security, SecurityMode } from './security.js'

/** A connection on which TLS is established. */
export interface Admission {
  readonly secured: TLSSocket
  /** The uuid of the peer that was dialed; null if the other side dialed. */
  readonly dialed: string | null
  readonly handshake: Handshake
  /** Records that a peer at this address has proven that it belongs to the cluster. */
  readonly onProven: (uuid: string) => void
}

/** What differs between `secret` and `tls`. */
export interface TlsSetup {
  /** Options of the contexts of both sides, in addition to {@link CONTEXT}. */
  readonly context: SecureContextOptions
  readonly client: ConnectionOptions
  readonly server: TlsOptions
  /** The most bytes that the part of the other side with its certificates may have. */
  readonly flightBytes: number
  /**
   * Checks whether the other side belongs to the cluster, and ends in the handshake's `succeed` or `fail`. Both sides call it
   * for every connection: no option, environment variable or default of Node replaces it.
   */
  readonly admit: (admission: Admission) => void
  /** The service has closed: erases the secrets. */
  readonly forget: () => void
}

/** What tests replace. */
export interface TlsParts {
  /** Default: those of the process. */
  readonly gates?: TlsSecurity['gates']
  /** Default: that of the addon. Null: only Node reads, and handshakes have no limit. */
  readonly receive?: Receive | null
}

export interface TlsSecurityOptions extends TlsParts {
  /** Called when the service listens. */
  readonly setUp: () => Promise<TlsSetup>
}

/**
 * One version of TLS, whatever the options of the Node process. No session tickets: a resumed session is not verified again, so
 * that a certificate would be accepted after its expiration (RFC 8446 §4.6.1 leaves that to the server).
 */
const CONTEXT = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384',
  secureOptions: constants.SSL_OP_NO_TICKET
} as const satisfies SecureContextOptions

/**
 * The most bytes of the other side's part of a handshake, in addition to long certificates: members with a secret send 1-2 KiB, of
 * which 1.2 KiB are X25519MLKEM768. No certificates that OpenSSL takes are known to need more than 5 ms for each KiB.
 */
export const FLIGHT_BYTES = 3072

/** Groups whose key exchange takes less than 2 ms; Node's own list has ffdhe8192, which takes 100 ms. */
const GROUPS = 'X25519:P-256:P-384'
/**
 * The same with X25519MLKEM768 if the runtime knows it; the first list that the runtime accepts is used. The asterisks (OpenSSL
 * 3.5) make a dialer send keys of both groups at once, so that an acceptor without X25519MLKEM768 need not ask again.
 */
const GROUPS_BY_PREFERENCE = ['*X25519MLKEM768:*X25519:P-256:P-384', `X25519MLKEM768:${GROUPS}`, GROUPS]

/** Secures connections with TLS. */
export class TlsSecurity implements Security {
  readonly mode: SecurityMode
  readonly gates: { readonly inbound: HandshakeGate; readonly outbound: HandshakeGate }
  #setUp: (() => Promise<TlsSetup>) | null
  readonly #proven = new ProvenPairs()
  #setup: TlsSetup | null = null
  #client: ConnectionOptions = {}
  #server: Server | null = null
  readonly #accepted = new Accepted()
  readonly #overhead = new OverheadWatch()
  /** The TCP socket below each secured socket. */
  readonly #raw = new WeakMap<Socket, Socket>()
  readonly #receive: Receive | null

  constructor(mode: SecurityMode, options: TlsSecurityOptions) {
    this.mode = mode
    this.#setUp = options.setUp
    this.gates = options.gates ?? gates
    this.#receive = options.receive === undefined ? (addonIfLoaded()?.receive ?? null) : options.receive
  }

  prepare(done: (error: Error | null) => void): void {
    this.#prepare().then(
      () => process.nextTick(done, null),
      (error: Error) => process.nextTick(done, error)
    )
  }

  async #prepare(): Promise<void> {
    const setup = await this.#setUp?.()
    if (setup === undefined) return
    // The service was closed meanwhile.
    if (this.#setUp === null) return setup.forget()
    // A setup from renew() is newer.
    this.#use(this.#setup ?? setup)
  }

  forget(): void {
    this.#setUp = null
    this.#setup?.forget()
    this.#setup = null
    this.#server = null
    this.#client = {}
  }

  /** Uses another setup for future connections; open connections are not changed. */
  renew(setup: TlsSetup): void {
    if (this.#server === null) this.#setup = setup
    else this.#use(setup)
  }

  client(raw: Socket, peer: string, done: Secured): void {
    const address = addressOf(raw)
    new Handshake(raw, {
      gate: this.gates.outbound,
      account: () => this.#proven.accountOf(peer, address),
      begin: (handshake) => this.#dial(handshake, peer),
      admit: (secured, handshake) => this.#admit(secured, peer, handshake),
      gone: () => failed(new Error('the other side closed the connection'), ', or the other side is busy or closing'),
      receive: this.#receive,
      done
    })
  }

  server(raw: Socket, done: Secured): void {
    const address = addressOf(raw)
    new Handshake(raw, {
      gate: this.gates.inbound,
      account: () => this.#proven.accountOf(null, address),
      begin: (handshake) => {
        this.#accepted.add(handshake)
        this.#server?.emit('connection', raw)
      },
      admit: (secured, handshake) => this.#admit(secured, null, handshake),
      gone: () => null,
      receive: this.#receive,
      done
    })
  }

  reset(secured: Socket): void {
    // A TLS socket of Node cannot be reset.
    this.#raw.get(secured)?.resetAndDestroy()
    secured.destroy()
  }

  #dial(handshake: Handshake, peer: string): void {
    const { checkServerIdentity: check, servername } = this.#client
    try {
      const secured = connect({
        ...this.#client,
        checkServerIdentity: (_host, certificate) => check?.(servername || peer, certificate),
        socket: handshake.raw
      })
      handshake.limit(secured, this.#setup?.flightBytes ?? 0)
      const onError = (error: Error) => handshake.onTls(null, error)
      secured.on('error', onError).once('secureConnect', () => {
        secured.off('error', onError)
        handshake.onTls(secured, null)
      })
    } catch (error) {
      process.nextTick(handshake.onTls, null, error as Error)
    }
  }

  #admit(secured: TLSSocket, dialed: string | null, handshake: Handshake): void {
    const { raw } = handshake
    this.#raw.set(secured, raw)
    const address = addressOf(raw)
    const onProven = (uuid: string) => this.#proven.add(uuid, address)
    const onFlood = () => handshake.charge(LOOK_EVERY_MS)
    this.#overhead.add({ secured, raw, onFlood })
    this.#setup?.admit({ secured, dialed, handshake, onProven })
  }

  /** Uses a setup. If this throws, nothing has changed. */
  #use(setup: TlsSetup): void {
    const context = { ...CONTEXT, ecdhCurve: groups(), ...setup.context }
    const secureContext = createSecureContext(context)
    // Handshakes that are under way continue with the old server.
    this.#server = this.#serve({ ...context, ...setup.server }, setup.flightBytes)
    // The context rather than its key: inspecting a socket shows its options.
    this.#client = { ...setup.client, secureContext }
    this.#setup = setup
  }

  /** The server never listens: the service passes in the sockets that it has accepted. */
  #serve(options: TlsOptions, flightBytes: number): Server {
    const server = createServer(options)
      .on('secureConnection', (secured) => this.#accepted.of(secured)?.onTls(secured, null))
      .on('tlsClientError', (error, secured) => this.#accepted.of(secured)?.onTls(null, error))
    // The only event between the client's first bytes, with which Node makes the TLS socket, and its certificates.
    if (options.requestCert === true) {
      server.on('keylog', (_secret, secured) => this.#accepted.of(secured)?.limit(secured, flightBytes))
    }
    // Node keeps key and passphrase as properties of the server, and inspecting any of its sockets shows them.
    return Object.assign(server, { key: undefined, passphrase: undefined })
  }
}

/** The canonical address, which is the same for both directions: that of an accepted connection may be IPv4-mapped. */
function addressOf({ remoteAddress = '' }: Socket): string {
  return remoteAddress === '' ? '' : canonical(remoteAddress)
}

let knownGroups: string | undefined

/** The groups that the TLS of this runtime knows. Called early to save milliseconds in the first handshake. */
export function groups(): string {
  knownGroups ??= GROUPS_BY_PREFERENCE.find(isKnown) ?? GROUPS
  return knownGroups
}

function isKnown(ecdhCurve: string): boolean {
  try {
    createSecureContext({ ecdhCurve })
    return true
  } catch {
    return false
  }
}

/** The handshakes of accepted connections. An event of `tls.Server` has only the TLS socket that the server made. */
class Accepted {
  readonly #byRaw = new Map<Socket, Handshake>()
  readonly #byEnds = new Map<string, Handshake>()

  add(handshake: Handshake): void {
    const { raw } = handshake
    this.#byRaw.set(raw, handshake)
    this.#byEnds.set(endsOf(raw), handshake)
    handshake.onOver = () => {
      this.#byRaw.delete(raw)
      // The same addresses and ports may be in use again before the old connection's `close`.
      if (this.#byEnds.get(endsOf(raw)) === handshake) this.#byEnds.delete(endsOf(raw))
    }
  }

  /**
   * The handshake of a TLS socket. Node keeps the TCP socket in `_parent`, without a public API. On other runtimes, which have
   * no `_parent`, the addresses and ports of both ends identify the handshake; after a reset the TLS socket no longer has them.
   */
  of(secured: TLSSocket): Handshake | undefined {
    const { _parent: raw } = secured as TLSSocket & { _parent?: Socket | null }
    return (raw ? this.#byRaw.get(raw) : undefined) ?? this.#byEnds.get(endsOf(secured))
  }
}

function endsOf(socket: Socket): string {
  return `${socket.localAddress} ${socket.localPort} ${socket.remoteAddress} ${socket.remotePort}`
}
