import type { Path } from '../net/addresses.js'

/**
 * The contract between a service and a driver. One `Discovery` announces one instance and browses one service type, on one
 * interface or on all. It does not use the service's sockets.
 *
 * What a listener may assume:
 *
 * - Nothing is called before the driver function has returned, nor after `close` was called on the discovery.
 * - `announced` is called at most once. `failed` may be called before `announced`, and instead of it: at most once, and nothing
 *   is called after it. The caller still has to `close` a discovery that failed.
 * - `failed` after `announced` means that the announcement is lost permanently (the name, which the caller chose, now belongs
 *   to another service). A missing daemon after `announced` is `offline` instead, and the driver recovers by itself.
 * - `seen` and `gone` are called only after `announced`: before that, the uuid may turn out to belong to another service. They
 *   alternate for each uuid, `seen` first. The service's own instance may be reported: the listener ignores its own uuid.
 * - `seen` means that a name is announced on at least one interface. It does not say where the peer is: {@link
 *   Discovery.locate} asks for that when it is needed.
 * - `offline` and `online` alternate, `offline` first; both are called only after `announced`. Offline means that the daemon,
 *   or the interface with the announcement's address, went away. Instances stay seen meanwhile: `gone` is called for those that
 *   have vanished some seconds after `online`.
 * - A uuid is in canonical form: hexadecimal digits in upper case, as {@link parseUuid} returns it. Instances with other names
 *   are not reported.
 * - The callbacks are called from the event loop, never from within the driver function or `close`.
 */
export interface Listener {
  /** The instance is registered, and no other service has its name. */
  announced(): void
  /** There is no daemon, it does not answer, it refuses the announcement, or another instance has the name. */
  failed(error: Error): void
  /** An instance's name is announced. */
  seen(uuid: string): void
  /** The name is no longer announced, or was not seen again after an outage of the daemon. */
  gone(uuid: string): void
  /**
   * Where an instance may be, according to an answer on the network. May be called before `announced` if the uuid need not be
   * probed. May be wrong. A hint is no announcement: no `gone` follows it, and `seen` is still called.
   *
   * @param isMutual whether the peer may know this service as well, and dial it
   */
  hint(instance: Instance, isMutual: boolean): void
  /**
   * The first look has ended, and no other instance was found. Called at most once, and not by every driver.
   *
   * @param reason a sentence with the question, the interfaces, and what to check
   */
  unanswered?(reason: string): void
  /** The same name is announced again. */
  online(): void
  /** The daemon or the interface went away; the driver tries without limit to announce again. */
  offline(reason: Error): void
}

/** What to announce, and where to announce and browse. */
export interface Announcement {
  /** The cluster's name, without underscore and protocol: `my-cluster`. */
  readonly name: string
  /** The instance name. */
  readonly uuid: string
  /** Whether the caller chose the uuid: another service may have it, so the driver probes the network for it. */
  readonly probe: boolean
  /** The TCP port, 1 to 65535. */
  readonly port: number
  /** Key-value pairs of the TXT record (RFC 6763 §6). */
  readonly txt: Txt
  /**
   * The index of the one interface to announce and browse on, or 0 for all. If there is also an address, a driver with
   * interfaces looks up the new index when it has changed.
   */
  readonly interfaceIndex: number
  /** The address on which the service listens, without scope, or null for all addresses. */
  readonly address: string | null
  /**
   * Whether a peer has been found already: then a driver that needs time to open lets the dials go first. Default: none has.
   */
  readonly hasMet?: () => boolean
}

/**
 * The key-value pairs of a TXT record; keys in lower case (RFC 6763 §6.4: case-insensitive). For an instance that was located:
 * only `v` and `sec`, with their values cut after 12 characters.
 */
export type Txt = Readonly<Record<string, string>>

/** Milliseconds after which a question without an answer ends. */
export const LOCATE_MS = 2000

/** A host and a port at which an instance may listen. */
export interface Whereabouts {
  /** The target of an SRV record, for display: `alpha.local`. Unescaped, printable, of bounded length. */
  readonly host: string
  readonly port: number
  /** In the order in which they became known, without duplicates; never empty. */
  readonly paths: readonly Path[]
}

/** Where an instance is. */
export interface Instance extends Whereabouts {
  readonly uuid: string
  readonly txt: Txt
  /** What other answers to the same question say, if they differ in host or port: one of them may be the true one. */
  readonly others?: readonly Whereabouts[]
}

/** A running announcement and browse. */
export interface Discovery {
  /**
   * Asks where an instance is, each time it is called. Resolves with the answer of the network or the daemon, which has the
   * paths of all interfaces that answered; with null if no answer comes within {@link LOCATE_MS}, if `signal` is aborted, after
   * `close`, and, if only the daemon is asked (without a first look), while offline. Never rejects.
   */
  locate(uuid: string, signal: AbortSignal): Promise<Instance | null>
  /**
   * Withdraws the announcement and stops browsing. Resolves when the daemon has received that, or after one second if it does
   * not answer; never rejects. Idempotent.
   */
  close(): Promise<void>
}

/**
 * A driver: starts a discovery. Throws only if the driver cannot be loaded, with an error that says how to install it; later
 * failures are reported to the listener.
 */
export type Driver = (announcement: Announcement, listener: Listener) => Discovery
