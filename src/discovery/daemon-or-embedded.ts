import { TcpnetError } from '../errors.js'
import { trace } from '../trace.js'
import type { Announcement, Discovery, Driver, Instance, Listener } from './discovery.js'

/** A driver, and the name under which a service tells that it uses it. */
export interface Named<Name extends string> {
  readonly name: Name
  readonly driver: Driver
}

/**
 * Milliseconds in which the daemon's client library has to reply. Where there is no library, no bus or no daemon, that is known
 * within 12 ms: this is for one that hangs.
 */
export const DAEMON_REPLY_MS = 250

/**
 * Makes one driver of two: that of the daemon, or, where no daemon replies, the embedded one. It is decided once for each
 * service, and never by both: two responders with the same instance name and different SRV records are a conflict to each
 * other (RFC 6762 §9), and the goodbye of one removes the records of the other from everybody's cache (§10.1). So:
 *
 * - The driver of the daemon announces nothing before the daemon has replied, and nothing once it has said that there is none.
 * - A daemon that goes away later stays the service's: the service is offline until it comes back.
 * - A daemon that refuses the announcement, or knows another service of that uuid, is no missing one: that is an error.
 *
 * @param chosen told which of the two the service uses: when it is announced, or when the embedded one takes over
 */
export function daemonOrEmbedded<Name extends string>(
  daemon: Named<Name>,
  embedded: Named<Name>,
  chosen: (name: Name) => void
): Driver {
  return (announcement, listener) => new DaemonOrEmbedded(daemon, embedded, chosen, announcement, listener)
}

class DaemonOrEmbedded<Name extends string> implements Discovery {
  readonly #announcement: Announcement
  readonly #listener: Listener
  readonly #embedded: Named<Name>
  readonly #chosen: (name: Name) => void
  #discovery: Discovery | null = null
  #closed: Promise<unknown> | null = null

  constructor(
    daemon: Named<Name>,
    embedded: Named<Name>,
    chosen: (name: Name) => void,
    announcement: Announcement,
    listener: Listener
  ) {
    this.#announcement = announcement
    this.#listener = listener
    this.#embedded = embedded
    this.#chosen = chosen
    let isAnnounced = false
    const announced = () => {
      isAnnounced = true
      chosen(daemon.name)
      listener.announced()
    }
    const failed = (error: Error) => {
      if (isAnnounced || !isMissing(error)) return listener.failed(error)
      this.#fallBack(error)
    }
    try {
      this.#discovery = daemon.driver(announcement, { ...listener, announced, failed })
    } catch (error) {
      this.#fallBack(error as Error)
    }
  }

  async locate(uuid: string, signal: AbortSignal): Promise<Instance | null> {
    return (await this.#discovery?.locate(uuid, signal)) ?? null
  }

  async close(): Promise<void> {
    this.#closed ??= Promise.resolve(this.#discovery?.close())
    await this.#closed
  }

  #fallBack(reason: Error): void {
    const { name, driver } = this.#embedded
    trace('%s: the driver is %s: %s', this.#announcement.uuid, name, reason.message)
    // It has nothing to withdraw, and may hang.
    void this.#discovery?.close()
    this.#discovery = driver(this.#announcement, this.#listener)
    this.#chosen(name)
  }
}

/** Whether an error says that this machine has no daemon to announce with: no addon, no library, no bus, no reply. */
function isMissing(error: Error): boolean {
  if (!(error instanceof TcpnetError)) return false
  return ['ERR_TCPNET_ADDON', 'ERR_TCPNET_NO_DRIVER', 'ERR_TCPNET_NO_DAEMON'].includes(error.code)
}
