import { interfacesNow } from '../../net/addresses.js'
import { trace } from '../../trace.js'
import type { Announcement } from '../discovery.js'
import { addressesOf, isHere, pathsHere } from '../own-host.js'
import type { InterfaceSource } from '../service-interface.js'
import type { Location, OwnHost, Session } from '../session.js'

/**
 * A host name and addresses of a service's own, under which it is announced if the daemon runs in another network
 * namespace, as in another container whose bus is mounted. Each session detects that again.
 */
export class ServiceHost {
  readonly #announcement: Announcement
  readonly #source: InterfaceSource
  /** Whether the daemon of the current session is elsewhere. */
  #isElsewhere = false
  /** Whether that was detected too late for a session, so that the next one needs it from the start. */
  #isKnown = false
  #isTraced = false
  /** The announced addresses. */
  #addresses: readonly string[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(announcement: Announcement, source: InterfaceSource) {
    this.#announcement = announcement
    this.#source = source
  }

  /** Begins a session. Returns the host name's addresses for it, or null if no other host can reach them. */
  begin(): OwnHost | null {
    this.end()
    const addresses = addressesOf(this.#announcement, this.#source.list())
    this.#addresses = addresses ?? []
    return addresses === null ? null : { addresses, isNeeded: this.#isKnown }
  }

  /**
   * The session's daemon is elsewhere: until {@link end}, its announcement is updated with this machine's addresses.
   */
  onElsewhere(session: Session): void {
    this.#isElsewhere = true
    this.#timer = setInterval(() => this.#follow(session), this.#source.everyMs).unref()
    if (this.#isTraced) return
    this.#isTraced = true
    trace(
      'the DNS-SD daemon runs in another network namespace: %s is announced under a host name of its own, at %s',
      this.#announcement.uuid,
      this.#addresses.join(', ')
    )
  }

  /** Whether the session's daemon is elsewhere, according to the addresses of its host. */
  isElsewhere(addresses: readonly { readonly address: string }[]): boolean {
    this.#isKnown = !isHere(
      addresses.map(({ address }) => address),
      this.#source.list()
    )
    return this.#isKnown
  }

  /** A location from the session's daemon, with paths over the interfaces of this network namespace. */
  located(location: Location): Location {
    return this.#isElsewhere ? { ...location, paths: pathsHere(location.paths, interfacesNow()) } : location
  }

  /** The session has ended. Idempotent. */
  end(): void {
    clearInterval(this.#timer)
    this.#isElsewhere = false
  }

  #follow(session: Session): void {
    const addresses = addressesOf(this.#announcement, this.#source.list()) ?? []
    if (addresses.join() === this.#addresses.join()) return
    this.#addresses = addresses
    session.setAddresses(addresses)
  }
}
