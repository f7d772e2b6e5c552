// The contract between the native drivers and the addon: the calls and the events of a session with a DNS-SD daemon.

/** A DNS-SD library that the addon can open. */
export type Backend = 'avahi' | 'bonjour'

/** What a session announces and browses. */
export interface SessionOptions {
  readonly backend: Backend
  /** The service type: `_my-cluster._tcp`. */
  readonly type: string
  /** The instance name. */
  readonly instance: string
  readonly port: number
  /** The strings of the TXT record, each `key=value`. */
  readonly txt: readonly string[]
  /** 0 for all interfaces. */
  readonly interfaceIndex: number
  /** Whether the daemon is to probe for a conflict before it announces (RFC 6762 §8.1). */
  readonly probe: boolean
  /**
   * A host name of the instance's own, `<instance>.local`, under which it is announced if the daemon runs in another network
   * namespace. Null: never. A library that registers no address records ignores it.
   */
  readonly ownHost: OwnHost | null
}

/** A host name of an instance's own. */
export interface OwnHost {
  /** Without scope. */
  readonly addresses: readonly string[]
  /** Whether the daemon is known to run elsewhere. */
  readonly isNeeded: boolean
}

/** Why a session ended: which part is missing, or what the daemon reported. */
export type SessionFailure =
  /** The library could not be opened. */
  | 'library'
  /** The daemon does not answer: it is not running, or went away. */
  | 'daemon'
  /** Another instance on the network has the name. */
  | 'conflict'
  /** The daemon refused the request. */
  | 'refused'

/**
 * The events of a session. `seen` and `gone` name an instance, on any interface, by its uuid in upper case; they alternate,
 * `seen` first, and a pair of them that occurs while the event loop is blocked may be left out. Instances with names that are
 * not hexadecimal are left out. With `probe`, no `seen` comes before `announced`. No event comes after `failed`.
 */
export type SessionEvent =
  /**
   * The daemon runs in another network namespace: the instance is announced under its own host name, on every interface of the
   * daemon, and sightings on the daemon's loopback interface are left out. Once, before `answered`.
   */
  | { readonly type: 'elsewhere' }
  /** The addresses of the daemon's host, whose name is not this machine's. Once, after `announced`, and never after `elsewhere`. */
  | { readonly type: 'daemonHost'; readonly addresses: readonly { readonly address: string }[] }
  /** The daemon has replied, and takes the announcement on. Once; nothing is announced before. */
  | { readonly type: 'answered' }
  | { readonly type: 'announced' }
  | { readonly type: 'seen' | 'gone'; readonly uuid: string }
  /** The message also says what to do. */
  | { readonly type: 'failed'; readonly failure: SessionFailure; readonly message: string }

/** Where an instance is, according to the daemon. */
export interface Location {
  /** As the library writes it, with some characters escaped (RFC 1035 §5.1). */
  readonly host: string
  readonly port: number
  /** The first string of each of the keys `v` and `sec`, with its value cut after 12 bytes. */
  readonly txt: readonly string[]
  /** Not empty. */
  readonly paths: readonly LocationPath[]
}

/** An address of an instance, as the daemon reports it. */
export interface LocationPath {
  /** The daemon's index of the interface on which it was learned. */
  readonly interfaceIndex: number
  readonly family: 4 | 6
  /** Without scope. */
  readonly address: string
  /** The machine that announced the instance there. Known only with libavahi-client. */
  readonly origin: 'this machine' | 'another machine' | 'unknown'
}

/** One announcement and one browse on the addon's discovery thread. */
export interface Session {
  /**
   * Gives up a session that has not emitted `answered`: it will never announce anything, however late the daemon answers, and
   * is to be closed. Returns false if the daemon has answered: then `answered` or `failed` follows.
   */
  giveUp(): boolean
  /**
   * Withdraws the announcement and stops browsing. No event comes after this call. `done` is called once, from the event loop,
   * when the daemon has received the withdrawal: late, or never, if the daemon hangs. Idempotent (only the first `done` is
   * called).
   */
  close(done: () => void): void
  /** The addresses of the instance's own host name are these from now on. Of no use without `elsewhere`. */
  setAddresses(addresses: readonly string[]): void
  /**
   * Asks the daemon where an instance is. `done` is called at most once, from the event loop: with null at once if the instance
   * was not seen, else when the daemon answers, which may be never. The session's `close` does not end the question.
   *
   * @returns a function that ends the question: `done` is not called after it; to be called in any case
   */
  locate(uuid: string, done: (location: Location | null) => void): () => void
}
