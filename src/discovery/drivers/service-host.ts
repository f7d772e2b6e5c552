import { interfacesNow } from '../../net/addresses.js'
import { trace } from '../../trace.js'
import type { Announcement } from '../discovery.js'
import { addressesOf, isHere, pathsHere } from '../own-host.js'
import type { InterfaceSource } from '../service-interface.js'
import type { Location, OwnHost, Session } from '../session.js'

/**
 * The host name and addresses of a service's own, which it is announced under where the daemon runs in another network namespace:
 * one in another container, whose bus is mounted. Whether it does is found out for each session.
 */
export class ServiceHost {
  readonly #announcement: Announcement
  readonly #source: InterfaceSource
  /** Whether the daemon of the current session is elsewhere. */
  #isElsewhere = false
  /** Whether that was found out too late for a session, so that the next one is told. */
  #isKnown = false
  #isTraced = false
  /** What is announced. */
  #addresses: readonly string[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(announcement: Announcement, source: InterfaceSource) {
    this.#announcement = announcement
    this.#source = source
  }

  /** For a session that is about to be opened. */
  begin(): OwnHost | null {
    this.end()
    const addresses = addressesOf(this.#announcement, this.#source.list())
    this.#addresses = addresses ?? []
    return addresses === null ? null : { addresses, isNeeded: this.#isKnown }
  }

  /** The session's daemon is elsewhere: its announcement follows this machine's addresses until {@link end}. */
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

  /**
   * The session's daemon has told its host's addresses. Returns whether it is elsewhere, which the session does not know.
   */
  isElsewhere(addresses: readonly { readonly address: string }[]): boolean {
    this.#isKnown = !isHere(
      addresses.map(({ address }) => address),
      this.#source.list()
    )
    return this.#isKnown
  }

  /** What the session's daemon tells, over the interfaces of this network namespace. */
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
