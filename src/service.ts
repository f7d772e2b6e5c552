import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { inspect } from 'node:util'
import { AbortWatch } from './abort.js'
import { closedEarly, invalidType, listenTwice } from './errors.js'
import { asked, endWaits, type PeerSocket, type ServiceEvents, shielded } from './events.js'
import { Mesh } from './mesh/mesh.js'
import type { Peer } from './mesh/peer.js'
import { DeadPeerWatch } from './net/dead-peer.js'
import { Presence } from './presence.js'
import { RecentReports } from './recent-reports.js'
import { LazyTls } from './security/lazy.js'
import { checkTls, type TlsSettings } from './security/tls-settings.js'
import {
  type CheckedSettings,
  checkListen,
  checkSettings,
  type DriverName,
  type ListenOptions,
  type Settings
} from './settings.js'
import { publishChange, trace } from './trace.js'
import { randomHex } from './uuid.js'

/** The phases of a service, in the only order in which it enters them; some may be left out. */
type Phase = 'new' | 'opening' | 'listening' | 'closing' | 'closed'

/** One member of a cluster: connects to every other service of the same name on the local network. */
export class Service extends EventEmitter<ServiceEvents> {
  readonly #settings: CheckedSettings
  readonly #mesh: Mesh
  readonly #presence: Presence
  readonly #connections: PeerSocket[] = []
  readonly #deadPeers: DeadPeerWatch
  readonly #signals = new AbortWatch(() => this.#close('its signal was aborted'))
  readonly #reports = new RecentReports()
  #phase: Phase = 'new'
  /** The callback that listen() was given. */
  #onListening: (() => void) | undefined
  #closedBecause = ''

  /**
   * @param settings the cluster's name, or all settings
   * @param onConnection a listener for `connection`
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_INVALID_ARG_VALUE
   */
  constructor(settings: string | Settings, onConnection?: (socket: PeerSocket) => void) {
    super()
    this.#settings = checkSettings(settings)
    this.#deadPeers = new DeadPeerWatch(this.#settings.deadPeerTimeoutMs, this.#connections)
    if (onConnection !== undefined) this.on('connection', onConnection)
    const { name, uuid, security, limits, signal, shouldConnect } = this.#settings
    this.#mesh = new Mesh({
      name,
      uuid,
      boot: randomHex(8),
      security,
      limits,
      shouldConnect: shouldConnect && ((peer) => asked('settings.shouldConnect', () => shouldConnect(peer))),
      locate: (peer, signal) => this.#presence.locate(peer, signal),
      port: () => this.#presence.port,
      keepAlive: (socket) => this.#deadPeers.keepAliveOf(socket),
      filterConnects: (listed, addresses) => this.#presence.filterConnects(listed, addresses),
      onConnection: this.#onConnection,
      onDisconnected: this.#onDisconnected,
      onDialFailed: this.#onDialFailed,
      onRejected: (error, info) => shielded(() => this.emit('rejected', error, info))
    })
    this.#presence = new Presence({
      settings: this.#settings,
      isNew: () => this.#phase === 'new',
      isWanted: () => this.#phase === 'opening',
      onInbound: (socket) => this.#mesh.admit(socket),
      listener: {
        announced: () => this.#startListening('bound and announced'),
        failed: this.#fail,
        seen: (uuid) => this.#mesh.seen(uuid),
        gone: (uuid) => this.#mesh.gone(uuid),
        hint: (instance, isMutual) => this.#mesh.hint(instance, isMutual),
        unanswered: (reason) => this.#publishAlone(reason),
        online: this.#onOnline,
        offline: this.#onOffline
      }
    })
    if (signal !== undefined) this.#signals.add(signal)
  }

  /** The cluster's name. */
  get name(): string {
    return this.#settings.name
  }

  /** This service's identity: hexadecimal digits in upper case. */
  get uuid(): string {
    return this.#settings.uuid
  }

  /**
   * The driver that finds this service's peers, as in the settings. With `auto` it is null until the driver is chosen: when the
   * daemon has announced the service, or when none has replied and `embedded` is used instead. It is chosen once.
   */
  get driver(): Exclude<DriverName, 'auto'> | null {
    return this.#presence.driver
  }

  /**
   * Whether `listening` was emitted and the service is not closing: it is bound, and it is announced or, before the daemon has
   * confirmed the announcement, connected with a peer.
   */
  get listening(): boolean {
    return this.#phase === 'listening'
  }

  /**
   * The connected sockets: each is added before its `connection` is emitted, and removed before the application's listeners for
   * its `close`. Always the same array, which only the service changes.
   */
  get connections(): readonly PeerSocket[] {
    return this.#connections
  }

  /** What is known of every peer that is announced or connected, by uuid: a snapshot. As JSON it is an array of the peers. */
  get peers(): ReadonlyMap<string, Peer> {
    return this.#mesh.peers()
  }

  /**
   * Where the service listens: its port, and its addresses without scope; if it listens on all addresses, those of every
   * interface that is up. Null unless it is listening.
   */
  address(): { port: number; addresses: string[] } | null {
    return this.listening ? this.#presence.address() : null
  }

  /**
   * Binds, announces the service, and connects to its peers. `listening` follows, or `error` and `close`; all three if the
   * announcement fails after a peer has connected. A service listens once.
   *
   * @param port 0 to 65535; default 0, any free port
   * @param address an address of this machine or a host name; default `0.0.0.0`: all addresses, IPv4 and IPv6
   * @param callback a one-time listener for `listening`
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_INVALID_ARG_VALUE, ERR_SOCKET_BAD_PORT
   * @throws {TcpnetError} ERR_TCPNET_LISTEN_TWICE
   */
  listen(port?: number | string | null, address?: string | null, callback?: () => void): this
  listen(port: number | string | null | undefined, callback: () => void): this
  listen(callback: () => void): this
  listen(options: ListenOptions, callback?: () => void): this
  listen(...args: unknown[]): this {
    const checked = checkListen(args)
    // As with a server of node:net, an aborted signal is no error: `close` follows, or was emitted.
    if (this.#phase !== 'new' && this.#settings.signal?.aborted === true) return this
    if (this.#phase !== 'new') throw listenTwice()
    if (!this.#enter('opening', 'listen() was called')) return this
    this.#onListening = checked.callback
    if (checked.callback !== undefined) this.once('listening', checked.callback)
    if (checked.signal !== undefined) this.#signals.add(checked.signal)
    this.#presence.open(checked)
    return this
  }

  /**
   * Withdraws the announcement and ends every connection; connections that have not ended after two seconds are reset. `close`
   * always follows, once. Idempotent, and allowed at any time.
   *
   * @param callback a one-time listener for `close`; also called if the service is closed already
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   */
  close(callback?: () => void): this {
    return this.#close('close() was called', callback)
  }

  /** Closes the service, at the end of a block: `await using service = tcpnet(...)`. Resolves at its `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => this.close(resolve))
  }

  /** What `console.log` and `util.inspect` show. */
  [inspect.custom](): string {
    const { name, uuid, connections } = this
    return `Service ${inspect({ name, uuid, phase: this.#phase, connections: connections.length })}`
  }

  #close(reason: string, callback?: () => void): this {
    if (callback !== undefined) {
      if (this.#phase === 'closed') process.nextTick(callback)
      else this.once('close', callback)
    }
    if (this.#phase === 'closing' || this.#phase === 'closed') return this
    this.#closedBecause = reason
    this.#enter('closing', reason)
    this.#signals.stop()
    this.#shutDown()
    return this
  }

  /**
   * Replaces the certificates, for future connections; open connections are not changed.
   *
   * @param tls as in the settings
   * @throws {TypeError} ERR_INVALID_ARG_TYPE; also if the service has no `tls` in its settings
   * @throws {RangeError} ERR_INVALID_ARG_VALUE
   */
  setSecureContext(tls: TlsSettings): void {
    const { security } = this.#settings
    if (!(security instanceof LazyTls)) {
      throw invalidType('settings.tls', 'set before certificates can be renewed', undefined)
    }
    security.renew(checkTls(tls))
  }

  /**
   * Emits `listening`, once: when the service is announced, or right before its first `connection` if a peer connects earlier.
   *
   * @returns whether the service listens now: a listener may have closed it
   */
  #startListening(reason: string): boolean {
    if (this.#phase === 'opening' && this.#enter('listening', reason)) shielded(() => this.emit('listening'))
    return this.listening
  }

  #publishAlone(reason: string): void {
    if (this.#mesh.peers().size === 0) this.#publish('looking', 'alone', reason)
  }

  readonly #onOnline = (): void => {
    this.#publish('offline', 'online', 'the daemon is back')
    if (this.listening) shielded(() => this.emit('online'))
  }

  readonly #onOffline = (reason: Error): void => {
    this.#publish('online', 'offline', reason.message)
    if (this.listening) shielded(() => this.emit('offline', reason))
  }

  /** @returns whether the service is in that phase now: a subscriber of the change may have closed it */
  #enter(phase: Phase, reason: string): boolean {
    const from = this.#phase
    this.#phase = phase
    this.#publish(from, phase, reason)
    return this.#phase === phase
  }

  #publish(from: string, to: string, reason: string): void {
    publishChange({ name: this.name, service: this.uuid, peer: null, from, to, reason })
  }

  /** The service is closed before `error` is emitted, so that a listener that throws leaves nothing behind. */
  readonly #fail = (error: Error): void => {
    if (this.#phase === 'closing' || this.#phase === 'closed') return
    this.#close(error.message)
    this.emit('error', error)
  }

  readonly #onConnection = (socket: Socket, uuid: string, keepAlive: number | null): void => {
    if (!this.#startListening('bound, and connected with a peer')) return
    const ours = Object.defineProperty(socket, 'peer', {
      value: Object.freeze({ uuid }),
      enumerable: true
    }) as PeerSocket
    this.#connections.push(ours)
    this.#deadPeers.added(socket, keepAlive)
    shielded(() => this.emit('connection', ours))
  }

  readonly #onDisconnected = (socket: Socket): void => {
    const at = this.#connections.indexOf(socket as PeerSocket)
    if (at < 0) return
    this.#connections.splice(at, 1)
    this.#deadPeers.removed(at)
  }

  readonly #onDialFailed = (error: Error, peer: Peer): void => {
    trace('%s: the dial failed: %s', peer.uuid, error.message)
    if (!this.listening || this.listenerCount('error') === 0) return
    if ('code' in error && error.code === 'ERR_TCPNET_TLS' && !this.#reports.shouldReport(peer.uuid)) return
    // Without the peer's `error`, which would be this error: JSON cannot express a cycle.
    const failure = Object.assign(error, { peer: Object.freeze({ ...peer, error: null }) })
    shielded(() => this.emit('error', failure))
  }

  #shutDown(): void {
    const { closeGraceMs } = this.#settings.limits
    const ended = new Promise<void>((resolve) => this.#mesh.close(closeGraceMs, resolve))
    Promise.all([ended, this.#presence.close()]).then(() => process.nextTick(this.#onShutDown))
  }

  readonly #onShutDown = (): void => {
    this.#settings.security.forget()
    this.#enter('closed', 'all resources are released')
    shielded(() => this.emit('close'))
    // Unlike a wait with `once`, the callback of listen() has no one-time listener for `error`.
    if (this.#onListening !== undefined) this.off('listening', this.#onListening)
    endWaits(this, 'listening', closedEarly(this.#closedBecause))
  }
}
