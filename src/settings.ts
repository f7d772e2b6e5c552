import { checkName } from './cluster-name.js'
import { badPort, invalidType, invalidValue } from './errors.js'
import { currentLimits, type Limits } from './mesh/limits.js'
import type { Peer } from './mesh/peer.js'
import { isMulticast } from './net/addresses.js'
import { LONGEST_DEAD_PEER_TIMEOUT_MS, SHORTEST_DEAD_PEER_TIMEOUT_MS } from './net/dead-peer.js'
import { LazyTls, lazySecret } from './security/lazy.js'
import type { Secret } from './security/secret-setting.js'
import { checkSecrets } from './security/secret-setting.js'
import { plain, type Security } from './security/security.js'
import { checkTls, type TlsSettings } from './security/tls-settings.js'
import { parseUuid, randomUuid } from './uuid.js'

/** The ways to find peers. */
export const DRIVERS = ['auto', 'avahi', 'bonjour', 'embedded', 'mdns', 'memory'] as const

/**
 * A way to find peers: the operating system's DNS-SD daemon through one library or another, a responder of tcpnet's own
 * (`embedded`), or a registry in this process (`memory`). `auto` is the daemon's driver if a daemon replies, else `embedded`.
 */
export type DriverName = (typeof DRIVERS)[number]

/** The settings of a service. */
export interface Settings {
  /**
   * The cluster's name: services of the same name connect to each other. 1 to 15 of a-z, 0-9 and `-`, with at least one
   * letter, no `-` at either end and no two in a row (RFC 6335 §5.1).
   */
  name: string
  /**
   * The service's identity: 1 to 63 hexadecimal digits, unique in the cluster; or a UUID (RFC 9562 §4), as
   * `crypto.randomUUID()` makes it, whose dashes are dropped. Default: 128 random bits. The daemon probes the network for a
   * uuid that the caller chose, so that listening takes about a second longer.
   */
  uuid?: string | undefined
  /** How peers are found. Default: the environment variable `TCPNET_DRIVER`, else `auto`. */
  driver?: DriverName | undefined
  /** Closes the service when it is aborted. */
  signal?: AbortSignal | undefined
  /**
   * Only services that know it belong to the cluster: a passphrase, or a key of at least 32 bytes. Connections then use TLS
   * 1.3, in which both sides prove with CPace (draft-irtf-cfrg-cpace) that they know it. With an array of up to four, the first
   * is used to dial and all are accepted, so that a cluster can change its secret. Not together with `tls`. Without it
   * connections are not secured; undefined is an error.
   */
  secret?: Secret | readonly Secret[]
  /**
   * Only services with a certificate of the cluster's authority belong to it: `key`, `cert` and `ca`, and other options of
   * `tls.connect` and `tls.createServer`. Both sides are verified; host names are not, unless `checkServerIdentity` is
   * given. Not together with `secret`, and not on Deno. Undefined is an error.
   */
  tls?: TlsSettings
  /**
   * Whether to query the network for instances, in addition to the daemon, at the start and then about every two minutes: peers
   * are found in milliseconds rather than in up to a second, and also after a long split of the network. Default: true.
   */
  firstLook?: boolean | undefined
  /**
   * Milliseconds after which a connection is closed if its other end is silent: its host crashed, or was cut off. 2000 to
   * 86,400,000; 0 leaves it to the system, which takes minutes to hours. Default: 5000. Nothing is added to the data of the
   * connection: the kernel probes (TCP keep-alive, RFC 9293 §3.8.4). A peer whose application does not read is not taken for
   * dead.
   */
  deadPeerTimeout?: number | undefined
  /**
   * Decides whether to connect, or reconnect, to a peer: so an application can stay disconnected after `socket.end()`, or
   * connect to a part of the mesh only. Default: connect to every peer.
   *
   * It is called with a snapshot of the peer before each dial, and when the peer dials; perhaps more often, so it should be
   * fast. It never ends a connection, nor a dial that is under way. After `false` the peer is `barred` in `peers`, with
   * `ERR_TCPNET_UNWANTED`: the function is called again after a second, doubled each time up to ten, and when the peer dials.
   * The peer's dial is refused (`rejected` is emitted), with this reason in the answer: for the peer this service is `barred`
   * as well, and the peer dials again after ten seconds, doubled each time up to a minute. A connection needs `true` on both
   * sides.
   *
   * An exception, or a result other than `true` and `false` (a promise, too), becomes an uncaught exception, as in a listener,
   * and counts as `false`.
   */
  shouldConnect?: ((peer: Peer) => boolean) | undefined
  /**
   * The most peers that may be connected, 1 to 1,000,000; more are refused. Default: 1024. Dials that are under way when a peer
   * takes the last place may still succeed: up to 16 more.
   */
  maxPeers?: number | undefined
}

/** {@link Settings} that were checked, with their defaults. */
export interface CheckedSettings {
  readonly name: string
  readonly uuid: string
  /** Whether the caller chose the uuid. */
  readonly uuidChosen: boolean
  readonly driver: DriverName
  readonly firstLook: boolean
  readonly security: Security
  /** In milliseconds; 0 is off. */
  readonly deadPeerTimeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly shouldConnect: ((peer: Peer) => boolean) | undefined
  readonly limits: Limits
}

/** Every setting. An unknown one is an error: a misspelt `secret` must not leave a cluster open. */
export const SETTINGS = [
  'name',
  'uuid',
  'driver',
  'signal',
  'secret',
  'tls',
  'firstLook',
  'deadPeerTimeout',
  'shouldConnect',
  'maxPeers'
] as const satisfies readonly (keyof Settings)[]

/** RFC 9562 §4. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Checks a service's settings.
 *
 * @throws {TypeError} ERR_INVALID_ARG_TYPE if a setting has the wrong type
 * @throws {RangeError} ERR_INVALID_ARG_VALUE if a setting has an invalid value
 */
export function checkSettings(given: string | Settings): CheckedSettings {
  const settings = typeof given === 'string' ? { name: given } : given
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw invalidType('settings', 'a name or an object', settings)
  checkKnown('settings', 'setting', SETTINGS, settings)
  const name = checkName(settings.name)
  const uuid = settings.uuid === undefined ? randomUuid() : checkUuid(settings.uuid)
  return {
    name,
    uuid,
    uuidChosen: settings.uuid !== undefined,
    driver: checkDriver(settings.driver),
    firstLook: checkBoolean('settings.firstLook', settings.firstLook, true),
    security: checkSecurity(settings, uuid),
    deadPeerTimeoutMs: checkDeadPeerTimeout(settings.deadPeerTimeout),
    signal: checkSignal('settings.signal', settings.signal),
    shouldConnect: checkFunction('settings.shouldConnect', settings.shouldConnect),
    limits: checkLimits(settings.maxPeers)
  }
}

function checkKnown(argument: string, what: string, known: readonly string[], given: object): void {
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue
    throw invalidValue(argument, `has an unknown ${what}; there are ${known.join(', ')}`, key)
  }
}

function checkUuid(uuid: unknown): string {
  if (typeof uuid !== 'string') throw invalidType('settings.uuid', 'a string', uuid)
  const parsed = parseUuid(UUID.test(uuid) ? uuid.replaceAll('-', '') : uuid)
  if (parsed === null) throw invalidValue('settings.uuid', 'must be a UUID, or 1 to 63 hexadecimal digits', uuid)
  return parsed
}

function checkDriver(given: unknown): DriverName {
  const [argument, driver] =
    given === undefined ? ['TCPNET_DRIVER', process.env.TCPNET_DRIVER || 'auto'] : ['settings.driver', given]
  if (typeof driver !== 'string') throw invalidType(argument, 'a string', driver)
  const known = DRIVERS.find((name) => name === driver)
  if (known === undefined) throw invalidValue(argument, `must be one of ${DRIVERS.join(', ')}`, driver)
  return known
}

function checkSignal(argument: string, signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal
  throw invalidType(argument, 'an AbortSignal', signal)
}

function checkBoolean(argument: string, value: unknown, byDefault: boolean): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? byDefault
  throw invalidType(argument, 'a boolean', value)
}

function checkFunction<T extends (...args: never[]) => unknown>(argument: string, value: T | undefined): T | undefined {
  if (value === undefined || typeof value === 'function') return value
  throw invalidType(argument, 'a function', value)
}

function checkSecurity(settings: Settings, uuid: string): Security {
  const { name, secret, tls } = settings
  const [hasSecret, hasTls] = ['secret' in settings, 'tls' in settings]
  if (hasSecret && hasTls) throw invalidType('settings.secret', 'left out if settings.tls is given', secret)
  // A `secret` that is present but undefined comes from a variable that was not set: it must not leave the cluster open.
  if (hasSecret) return lazySecret({ secrets: checkSecrets(secret), name, uuid })
  if (hasTls) return new LazyTls(checkTls(tls))
  return plain
}

function checkDeadPeerTimeout(value: unknown): number {
  if (value === 0) return 0
  const [least, most] = [SHORTEST_DEAD_PEER_TIMEOUT_MS, LONGEST_DEAD_PEER_TIMEOUT_MS]
  return checkNumber('settings.deadPeerTimeout', value, 5000, least, most, ', in milliseconds, or 0')
}

function checkLimits(maxPeers: unknown): Limits {
  const limits = currentLimits()
  return { ...limits, maxPeers: checkNumber('settings.maxPeers', maxPeers, limits.maxPeers, 1, 1_000_000) }
}

/** A whole number within bounds. */
function checkNumber(
  argument: string,
  value: unknown,
  byDefault: number,
  least: number,
  most: number,
  more = ''
): number {
  if (value === undefined) return byDefault
  if (typeof value !== 'number') throw invalidType(argument, 'a number', value)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw invalidValue(argument, `must be a whole number from ${least} to ${most}${more}`, value)
}

/** Where a service listens. */
export interface ListenOptions {
  /** The TCP port, 0 to 65535. Default: 0, any free one. */
  port?: number | string | null | undefined
  /**
   * An address of this machine, or a host name that is looked up. Default: `0.0.0.0`, which like `::` means every address, IPv4
   * and IPv6. With a loopback address the service is reachable only on this machine; with another address, only on that
   * address's interface.
   */
  address?: string | null | undefined
  /** Closes the service when it is aborted. */
  signal?: AbortSignal | undefined
}

/** Every option of listen. An unknown one is an error: an ignored `host` would leave a service reachable on all addresses. */
const LISTEN_OPTIONS = ['port', 'address', 'signal'] as const satisfies readonly (keyof ListenOptions)[]

/** {@link ListenOptions} that were checked, with their defaults, and the callback. */
export interface CheckedListen {
  readonly port: number
  readonly address: string
  readonly signal: AbortSignal | undefined
  readonly callback: (() => void) | undefined
}

/**
 * Checks the arguments of `listen` in each of their forms: `(port?, address?, callback?)` and `(options, callback?)`.
 *
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_INVALID_ARG_VALUE, ERR_SOCKET_BAD_PORT
 */
export function checkListen(args: readonly unknown[]): CheckedListen {
  const last = args.at(-1)
  const callback = typeof last === 'function' ? (last as () => void) : undefined
  const rest = callback === undefined ? args : args.slice(0, -1)
  const [first, second, third] = rest
  if (third !== undefined) throw invalidType('callback', 'a function', third)
  if (typeof first === 'object' && first !== null && !Array.isArray(first)) {
    checkKnown('options', 'option', LISTEN_OPTIONS, first)
    if (second !== undefined) throw invalidType('callback', 'a function', second)
    const { port, address, signal } = first as ListenOptions
    return {
      port: checkPort(port),
      address: checkAddress(address),
      signal: checkSignal('options.signal', signal),
      callback
    }
  }
  return { port: checkPort(first), address: checkAddress(second), signal: undefined, callback }
}

function checkPort(port: unknown): number {
  if (port === undefined || port === null) return 0
  if (typeof port !== 'number' && typeof port !== 'string') throw invalidType('port', 'a number', port)
  const value = typeof port === 'string' && /^[0-9]{1,5}$/.test(port) ? Number(port) : port
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 65535) throw badPort(port)
  return value
}

function checkAddress(address: unknown): string {
  if (address === undefined || address === null) return '0.0.0.0'
  if (typeof address !== 'string') throw invalidType('address', 'a string', address)
  if (address === '' || isMulticast(address))
    throw invalidValue('address', 'must be an address or a host name', address)
  return address
}
