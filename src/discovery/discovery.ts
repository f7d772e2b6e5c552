import type { Path } from '../net/addresses.js'

/**
 * The contract between a service and whatever finds its peers. One `Discovery` announces one instance and browses one
 * service type, on one interface or on all. It never sees a socket.
 *
 * What a listener may assume:
 *
 * - Nothing is called before `open` has returned, nor after `close` was called on the discovery, whatever is in flight.
 * - `announced` comes at most once. Before it, and instead of it, `failed` may come: at most once, and then nothing
 *   else ever. The caller still has to `close` a discovery that failed.
 * - `failed` after `announced` means that the announcement was lost for good (the name, which the caller chose, now
 *   belongs to another service). The daemon's absence is not that: after `announced` it is `offline`, and the driver heals
 *   by itself.
 * - `seen` and `gone` come only after `announced`: before, the uuid may turn out to be another service's. They alternate
 *   for each uuid, `seen` first. The service's own instance may be told: the listener knows its own uuid.
 * - `seen` says that a name is announced, on one interface at least, and nothing of where the peer is: that is asked with
 *   {@link Discovery.locate} when it is needed.
 * - `offline` and `online` alternate, `offline` first; both come only after `announced`. Offline means that the daemon
 *   went away, or the interface of the announcement's address. What was seen stays seen meanwhile: an instance that has
 *   vanished is told `gone` some seconds after `online`.
 * - A uuid is in its one form: hexadecimal digits in upper case, as {@link parseUuid} makes it. Instances whose name is no
 *   such string are not told.
 * - Calls come from the event loop, never from within `open` or `close`.
 */
export interface Listener {
  /** The instance is registered and the name is ours. */
  announced(): void
  /** There is no daemon, it does not answer, it refuses the announcement, or another instance holds the name. */
  failed(error: Error): void
  /** An instance's name is announced. */
  seen(uuid: string): void
  /** The name is not announced any more; or was not seen again after an outage of the daemon. */
  gone(uuid: string): void
  /**
   * Where an instance may be, out of any answer on the network. It may come before `announced` where the uuid need not be
   * probed; it may be wrong. It is no announcement: no `gone` follows it, and `seen` comes all the same.
   *
   * @param isMutual whether this service was announced before the question, so that the peer may know of it as well, and dial it
   */
  hint(instance: Instance, isMutual: boolean): void
  /**
   * The first look has ended, and nothing tells of another instance. At most once; not with every driver.
   *
   * @param reason what was asked where, and what to check: a sentence
   */
  unanswered?(reason: string): void
  /** The same name is announced again. */
  online(): void
  /** The daemon or the interface went away; the driver tries to announce again without limit. */
  offline(reason: Error): void
}

/** What to announce, and where to look. */
export interface Announcement {
  /** The cluster's name, without underscore and protocol: `my-cluster`. */
  readonly name: string
  /** The instance name. */
  readonly uuid: string
  /** Whether the uuid was chosen by the caller: it may be taken, so the driver has the network probed for it. */
  readonly probe: boolean
  /** The TCP port, 1 to 65535. */
  readonly port: number
  /** Key-value pairs of the TXT record (RFC 6763 §6). */
  readonly txt: Txt
  /**
   * Index of the one interface to announce and browse on, or 0 for all of them. Where there is an address, too, a driver
   * with interfaces finds the index again when it has changed.
   */
  readonly interfaceIndex: number
  /** The one address that is listened on, without scope, or null for all of them. */
  readonly address: string | null
}

/**
 * A TXT record's key-value pairs; keys in lower case (RFC 6763 §6.4: case-insensitive). Of an instance that was located: `v` and
 * `sec` alone, their values cut after 12 characters.
 */
export type Txt = Readonly<Record<string, string>>

/** Milliseconds after which a question without an answer ends. */
export const LOCATE_MS = 2000

/** Where an instance is. */
export interface Instance {
  readonly uuid: string
  /** The target of its SRV record, to be shown: `alpha.local`. Unescaped, of printable characters, of bounded length. */
  readonly host: string
  readonly port: number
  readonly txt: Txt
  /** In the order in which they were learned; no two alike; never empty. */
  readonly paths: readonly Path[]
}

/** A running announcement and browse. */
export interface Discovery {
  /**
   * Asks where an instance is, anew each time. Resolves with what the network or the daemon answers, the paths of all
   * interfaces that answered together; with null where no answer comes within {@link LOCATE_MS}, where `signal` is aborted,
   * after `close`, and, where only the daemon is asked (without a first look), while offline. Never rejects.
   */
  locate(uuid: string, signal: AbortSignal): Promise<Instance | null>
  /**
   * Withdraws the announcement and stops browsing. Resolves when the daemon has been told, or after one second where it
   * does not answer; never rejects. Idempotent.
   */
  close(): Promise<void>
}

/**
 * A driver: starts a discovery. Throws only where the driver cannot be loaded at all, with an error that says how to
 * install it; whatever the daemon does afterwards is told to the listener.
 */
export type Driver = (announcement: Announcement, listener: Listener) => Discovery
