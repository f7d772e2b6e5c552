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
import { canonical } from '../net/addresses.js'
import { gates, type HandshakeGate } from './gate.js'
import { failed, Handshake } from './handshake.js'
import { LOOK_EVERY_MS, OverheadWatch } from './overhead.js'
import { ProvenPairs } from './proven.js'
import type { Secured, Security, SecurityMode } from './security.js'

/** A connection on which TLS is through. */
export interface Admission {
  readonly secured: TLSSocket
  /** The uuid of the peer that was dialed; null where the other side dialed. */
  readonly dialed: string | null
  readonly handshake: Handshake
  /** Records that a pair has proven that it belongs. */
  readonly onProven: (uuid: string) => void
}

/** What the kinds of TLS differ in. */
export interface TlsSetup {
  /** What a context of either side is made of, beside {@link CONTEXT}. */
  readonly context: SecureContextOptions
  readonly client: ConnectionOptions
  readonly server: TlsOptions
  /**
   * Finds out whether the other side belongs, and ends in the handshake's `succeed` or `fail`. Both sides ask it of every
   * connection: no option, no environment variable and no default of Node decides in its place.
   */
  readonly admit: (admission: Admission) => void
  /** The service has closed: secrets are let go of. */
  readonly forget: () => void
}

export interface TlsSecurityOptions {
  /** Called when the service listens. */
  readonly setUp: () => Promise<TlsSetup>
  /** Default: those of the process. */
  readonly gates?: TlsSecurity['gates']
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

/** Groups whose key exchange takes less than 2 ms; Node's own list has ffdhe8192, which takes 100 ms. */
const GROUPS = 'X25519:P-256:P-384'
/**
 * The same with X25519MLKEM768 where it is known; the first that a runtime takes. The asterisks (OpenSSL 3.5) have a dialer
 * send keys of both groups at once, so that an acceptor without X25519MLKEM768 need not ask again.
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
  /** What each secured socket was made of. */
  readonly #raw = new WeakMap<Socket, Socket>()

  constructor(mode: SecurityMode, options: TlsSecurityOptions) {
    this.mode = mode
    this.#setUp = options.setUp
    this.gates = options.gates ?? gates
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
    // One that came by renew() meanwhile is newer.
    this.#use(this.#setup ?? setup)
  }

  forget(): void {
    this.#setUp = null
    this.#setup?.forget()
    this.#setup = null
    this.#server = null
    this.#client = {}
  }

  /** Takes another setup for the connections to come; those that stand are left alone. */
  renew(setup: TlsSetup): void {
    if (this.#server === null) this.#setup = setup
    else this.#use(setup)
  }

  client(raw: Socket, peer: string, done: Secured): void {
    const address = addressOf(raw)
    new Handshake(raw, {
      gate: this.gates.outbound,
      account: () => this.#proven.accountOf(peer, address),
      begin: (handshake) => this.#dial(handshake),
      admit: (secured, handshake) => this.#admit(secured, peer, handshake),
      gone: () => failed(new Error('the other side closed the connection'), ', or the other side is busy or closing'),
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
      done
    })
  }

  reset(secured: Socket): void {
    // Node resets no TLS socket.
    this.#raw.get(secured)?.resetAndDestroy()
    secured.destroy()
  }

  #dial(handshake: Handshake): void {
    try {
      const secured = connect({ ...this.#client, socket: handshake.raw })
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

  /** Either all of it is used, or it throws and nothing has changed. */
  #use(setup: TlsSetup): void {
    const context = { ...CONTEXT, ecdhCurve: groups(), ...setup.context }
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
      .on('secureConnection', (secured) => this.#accepted.of(secured)?.onTls(secured, null))
      .on('tlsClientError', (error, secured) => this.#accepted.of(secured)?.onTls(null, error))
    // It keeps what its context was made of, and every socket that it makes shows it to whoever inspects the socket.
    return Object.assign(server, { key: undefined, passphrase: undefined })
  }
}

/** The same for both directions: an accepted connection may have the IPv4-mapped form. */
function addressOf({ remoteAddress = '' }: Socket): string {
  return remoteAddress === '' ? '' : canonical(remoteAddress)
}

let knownGroups: string | undefined

/** The groups that this runtime's TLS knows. Called early, it saves milliseconds when peers wait. */
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

/** The handshakes of accepted connections. An event of `tls.Server` tells only the TLS socket that the server made. */
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
   * Node keeps the raw socket in `_parent`, and has no public way to it. Where it is missing (other runtimes) the addresses
   * and ports of both ends tell; after a reset the TLS socket does not know them any more.
   */
  of(secured: TLSSocket): Handshake | undefined {
    const { _parent: raw } = secured as TLSSocket & { _parent?: Socket | null }
    return (raw ? this.#byRaw.get(raw) : undefined) ?? this.#byEnds.get(endsOf(secured))
  }
}

function endsOf(socket: Socket): string {
  return `${socket.localAddress} ${socket.localPort} ${socket.remoteAddress} ${socket.remotePort}`
}
