import { TcpnetError } from '../errors.js'
import { trace } from '../trace.js'
import type { Announcement, Discovery, Driver, Instance, Listener } from './discovery.js'

/** A driver, and its name in `service.driver`. */
export interface Named<Name extends string> {
  readonly name: Name
  readonly driver: Driver
}

/**
 * Milliseconds in which the daemon's client library has to reply. A missing library, bus or daemon is detected within 12 ms:
 * this time is for a daemon that hangs.
 */
export const DAEMON_REPLY_MS = 250

/**
 * Combines two drivers: uses that of the daemon, or, if no daemon replies, the embedded one. The choice is made once for each
 * service, and the two are never used together: two responders with the same instance name and different SRV records are in
 * conflict (RFC 6762 §9), and the goodbye of one removes the records of the other from all caches (§10.1). So:
 *
 * - The driver of the daemon announces nothing before the daemon has replied, and nothing after it has reported that there is
 *   no daemon.
 * - If the daemon goes away later, the choice stays: the service is offline until the daemon comes back.
 * - If the daemon refuses the announcement, or knows another service with that uuid, that is an error, and not a missing
 *   daemon.
 *
 * @param chosen called with the name of the driver: when the daemon has announced the service, or when the embedded driver is
 *   chosen
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
    // Not awaited: it has nothing to withdraw, and may hang.
    void this.#discovery?.close()
    this.#discovery = driver(this.#announcement, this.#listener)
    this.#chosen(name)
  }
}

/** Whether an error means that this machine has no usable daemon: no addon, no library, no bus or no reply. */
function isMissing(error: Error): boolean {
  if (!(error instanceof TcpnetError)) return false
  return ['ERR_TCPNET_ADDON', 'ERR_TCPNET_NO_DRIVER', 'ERR_TCPNET_NO_DAEMON'].includes(error.code)
}
