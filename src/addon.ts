import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Session, SessionEvent, SessionOptions } from './discovery/session.js'
import { TcpnetError } from './errors.js'
import { platformName } from './platform.js'
import { trace } from './trace.js'

/** One address of one interface of this machine. */
export interface InterfaceAddress {
  /** The kernel's index of the interface; without the addon, a number of our own if Node gives no index. */
  readonly index: number
  /** The interface's name: `eth0`. */
  readonly name: string
  readonly family: 4 | 6
  /** The bare address, without scope. */
  readonly address: string
  /** Bits of the address that all addresses of its subnet have in common: 24 for 255.255.255.0. */
  readonly prefixLength: number
  readonly loopback: boolean
  readonly up: boolean
}

/** How the kernel detects that the other end of a TCP connection is gone. */
export interface DeadPeerOptions {
  /** Seconds of silence before the first keep-alive probe (TCP_KEEPIDLE). */
  readonly idle: number
  /** Seconds between probes (TCP_KEEPINTVL). */
  readonly interval: number
  /** Unanswered probes before the connection is closed (TCP_KEEPCNT). */
  readonly count: number
  /** Seconds of retransmission without an answer (TCP_RXT_CONNDROPTIME). macOS only. */
  readonly dropTime: number
}

/**
 * The native addon. Every function throws only TypeError, and only for arguments of the wrong type. Nothing that is under way
 * keeps a process alive: a caller that waits for an answer sets its own timer, which also covers a daemon that hangs.
 */
export interface Addon {
  /** This machine's interfaces and their addresses, in the kernel's order. */
  interfaces(): InterfaceAddress[]
  /**
   * A number that is another one than the last time where interfaces or addresses may have changed since then: it takes a tenth of
   * the time that listing them takes. Always another on systems other than Linux.
   */
  interfaceChanges(): number
  /**
   * Sets keep-alive of a TCP socket. Returns 0, or the errno of the first option refused. Linux sends a probe at once if the other
   * end has been silent for longer than `idle` and all data is acknowledged.
   */
  setDeadPeerOptions(fd: number, options: DeadPeerOptions): number
  /**
   * Milliseconds since the other end of a TCP socket last acknowledged or sent anything, if an acknowledgement is missing: of data that
   * was sent after that, of a keep-alive probe, or of more than one probe of a zero window. Otherwise, and on systems other than
   * Linux, 0.
   */
  silenceMs(fd: number): number
  /**
   * How many segments a TCP socket has received, modulo 2^32. Incoming keep-alive probes are among them; no other value that the
   * kernel gives shows them. Always 0 on systems other than Linux.
   */
  segmentsIn(fd: number): number
  /**
   * Whether the kernel has closed a TCP connection: the other end reset it, or it timed out. False on systems other than Linux.
   */
  isClosed(fd: number): boolean
  /** The smoothed round-trip time of a TCP socket, in microseconds; 0 on systems other than Linux. */
  roundTripUs(fd: number): number
  /** Bytes that were written to a TCP socket and not acknowledged yet; 0 on systems other than Linux and macOS. */
  unacknowledgedBytes(fd: number): number
  /**
   * Receives bytes that have come over a TCP socket, as many as `into` holds. Returns their number; 0 if none have come yet; -1 if
   * none will, because the other end has closed or reset the connection.
   */
  receive(fd: number, into: Buffer): number
  /**
   * Has the kernel drop attempts to connect to a listening TCP socket: with `drop` those from the listed addresses, with `pass`
   * those from all others. Connections that exist are not affected. To drop those of no address removes the filter. Addresses
   * are without scope; those beyond the first 64 are not listed. Returns 0, or an errno: on systems other than Linux always.
   */
  filterConnects(fd: number, listed: 'drop' | 'pass', addresses: readonly string[]): number
  /**
   * Prepares Avahi's libdns_sd for other users in this process: it becomes silent on stderr, and no longer crashes the process
   * when the daemon goes away. To be called before other code uses the library. The addon itself does not need this call.
   */
  prepareDnsSd(): void
  /** Opens a session. Returns at once; `onEvent` is never called from within. */
  openSession(options: SessionOptions, onEvent: (event: SessionEvent) => void): Session
  /**
   * Asks the daemon, through dns_sd.h, for the addresses of a host name on one interface. `done` is called once; if the daemon
   * hangs, after more than `timeoutMs`. `error` is null, or the message of the library or the daemon.
   */
  queryAddresses(
    host: string,
    interfaceIndex: number,
    timeoutMs: number,
    done: (error: string | null, addresses: { family: 4 | 6; address: string }[]) => void
  ): void
}

/** The last sentence of an error about a missing addon. */
const OR_EMBEDDED = 'Or leave out the setting "driver": then services find each other without the addon.'

let loaded: Addon | TcpnetError | undefined

/**
 * The addon, loaded on first use.
 *
 * @throws {TcpnetError} ERR_TCPNET_ADDON if there is no binary for this machine, or it does not load
 */
export function addon(): Addon {
  const found = addonIfLoaded()
  if (found === null) throw loaded
  return found
}

/**
 * The addon, loaded on first use; null if it does not load, which is traced once. Without it the drivers of daemons do not
 * work, and dead hosts are noticed later.
 */
export function addonIfLoaded(): Addon | null {
  if (loaded === undefined) loadAddon()
  return loaded === undefined || loaded instanceof TcpnetError ? null : loaded
}

/** Loads the addon before it is used; if that fails, {@link addon} throws the error. */
export function loadAddon(): void {
  if (loaded !== undefined) return
  loaded = load()
  if (loaded instanceof TcpnetError) trace('without the native addon: %s', loaded.message)
}

function load(): Addon | TcpnetError {
  // Undefined if a bundler has converted this module to CommonJS.
  const own: string | undefined = import.meta.url
  if (own === undefined) return bundled()
  let root = 'its folder'
  try {
    root = fileURLToPath(new URL('..', own))
    return createRequire(own)('node-gyp-build')(root) as Addon
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    return new TcpnetError(
      'ERR_TCPNET_ADDON',
      `tcpnet's native addon for ${platformName()} did not load from ${root}: ${said}. ` +
        `Compile it there: \`npx node-gyp rebuild --directory "${root}native"\` (needs python3, make and a C++ compiler). ` +
        `If the application is bundled, leave tcpnet out of the bundle. ${OR_EMBEDDED}`,
      cause
    )
  }
}

function bundled(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_ADDON',
    "tcpnet is part of a bundle, without its native addon: leave it out of the bundle (esbuild's --external:tcpnet). A " +
      `single executable loads it from node_modules: require('node:module').createRequire(process.execPath)('tcpnet'). ${OR_EMBEDDED}`
  )
}
