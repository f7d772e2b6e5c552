import { withAny } from '../../../abort.js'
import { mdnsPortTaken, TcpnetError, uuidConflict } from '../../../errors.js'
import { TokenBucket } from '../../../token-bucket.js'
import type { Announcement, Discovery, Driver, Instance, Listener } from '../../discovery.js'
import { ServiceInterface } from '../../service-interface.js'
import { Sightings } from '../../sightings.js'
import { Inquiries } from './inquiries.js'
import { serviceType } from './names.js'
import type { Network } from './network.js'
import type { NetworkLink, NetworkUser } from './network-user.js'
import { ownInstance, recordsOf } from './own-service.js'
import { InstancePlaces } from './places.js'
import type { Publication } from './publication.js'
import type { Resource } from './records.js'
import type { RemoteRecords } from './remote-records.js'
import { type Found, whereIs } from './whereabouts.js'

/** Milliseconds after an outage within which names must be seen again. */
const REPLAY_MS = 5000
/**
 * Milliseconds from the first announcement until the second one has been received (RFC 6762 §8.3). A peer that opens its sockets
 * in between is found, but does not know this service, and is not expected to dial it.
 */
const KNOWN_AFTER_MS = 1100
/** The rate of hints to one service: packets are untrusted. */
const HINTS = { perSecond: 100, burst: 1024 }

/** The driver `embedded` over some links. */
export function embeddedOver(network: Network): Driver {
  return (announcement, listener) => new EmbeddedDiscovery(network, announcement, listener)
}

class EmbeddedDiscovery implements Discovery, NetworkUser {
  readonly type: string
  readonly #network: Network
  readonly #announcement: Announcement
  readonly #listener: Listener
  readonly #interface: ServiceInterface
  readonly #sightings: Sightings
  /** The links that the service uses, with its publication on each. */
  readonly #links = new Map<NetworkLink, Pick<Publication, 'update' | 'close'>>()
  /** The links on which the service is announced. */
  readonly #established = new Set<NetworkLink>()
  /** Where each name is seen: on interfaces, or in this process. */
  readonly #places: InstancePlaces<RemoteRecords | 'here'>
  readonly #inquiries: Inquiries
  /** Aborts the questions that are under way. */
  readonly #over = new AbortController()
  readonly #hints = new TokenBucket(HINTS)
  /** When it was announced, first or after an outage: a time of performance.now(); NaN before. */
  #announcedAt = Number.NaN
  #state: 'opening' | 'online' | 'offline' | 'failed' | 'closed' = 'opening'
  #replay: NodeJS.Timeout | undefined
  #closing: Promise<void> | null = null

  constructor(network: Network, announcement: Announcement, listener: Listener) {
    this.type = serviceType(announcement.name)
    this.#network = network
    this.#announcement = announcement
    this.#listener = listener
    this.#interface = new ServiceInterface(announcement, network.source)
    this.#sightings = new Sightings({
      seen: (uuid) => {
        if (this.#isReporting) listener.seen(uuid)
      },
      gone: (uuid) => {
        if (this.#isReporting) listener.gone(uuid)
      }
    })
    this.#places = new InstancePlaces(this.#sightings)
    const links = () => [...this.#links.keys()]
    this.#inquiries = new Inquiries({ type: this.type, links, find: (uuid) => this.#find(uuid, links()) })
    if (this.#hasRival()) setImmediate(() => this.#fail(uuidConflict(announcement.uuid)))
    else network.add(this)
  }

  async locate(uuid: string, signal: AbortSignal): Promise<Instance | null> {
    if (!this.#isReporting || signal.aborted) return null
    const sibling = this.#sibling(uuid)
    if (sibling !== null) return sibling
    return await withAny([signal, this.#over.signal], (question) => this.#inquiries.locate(uuid, question.signal))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  // NetworkUser

  get hasMet(): boolean {
    return this.#announcement.hasMet?.() ?? false
  }

  interfaceIndex(): number | null {
    return this.#interface.find()
  }

  up(link: NetworkLink): void {
    // After a failure, the network still has the service until it is closed.
    if (!this.#isAlive) return
    const publication = link.link.publish({
      records: this.#records(link),
      probe: this.#announcement.probe,
      onAnnounced: () => this.#onEstablished(link),
      onConflict: () => this.#fail(uuidConflict(this.#announcement.uuid))
    })
    this.#links.set(link, publication)
    link.link.browse(this.type)
    const { remote } = link.link
    for (const uuid of remote.known(this.type)) this.seen(remote, uuid)
  }

  down(link: NetworkLink): void {
    this.#leave(link)
    const { remote } = link.link
    const isLastThere = [...this.#links.keys()].every((other) => other.link.remote !== remote)
    if (isLastThere) this.#places.leave(remote, this.#links.size === 0)
  }

  changed(link: NetworkLink): void {
    this.#links.get(link)?.update(this.#records(link))
  }

  seen(place: RemoteRecords, uuid: string): void {
    this.#places.seen(uuid, place)
  }

  gone(place: RemoteRecords, uuid: string): void {
    this.#places.gone(uuid, place)
  }

  answered(link: NetworkLink, uuid: string): void {
    this.#inquiries.answered(uuid)
    if (!this.#mayHint || this.#announcement.uuid === uuid || this.#hints.tokens < 1) return
    const found = this.#find(uuid, [link])
    if (found === null) return
    this.#hints.take()
    this.#listener.hint(found.instance, this.#isMutual)
  }

  settled(problem: NodeJS.ErrnoException | null): void {
    if (this.#links.size > 0) return this.#settle()
    if (this.#state === 'opening') return this.#fail(unusable(problem, this.#announcement))
    if (this.#state !== 'online') return
    this.#state = 'offline'
    clearTimeout(this.#replay)
    this.#listener.offline(unusable(problem, this.#announcement))
  }

  /** Whether a peer that announces itself now knows this service, or will in a moment. */
  get #isMutual(): boolean {
    return !(performance.now() - this.#announcedAt < KNOWN_AFTER_MS)
  }

  /** Whether names are reported to the listener. */
  get #isReporting(): boolean {
    return this.#state === 'online' || this.#state === 'offline'
  }

  /** Whether hints may be reported: while a chosen uuid is probed, no peer may be dialed. */
  get #mayHint(): boolean {
    return this.#isReporting || (this.#state === 'opening' && !this.#announcement.probe)
  }

  #onEstablished(link: NetworkLink): void {
    if (!this.#links.has(link)) return
    this.#established.add(link)
    this.#settle()
  }

  /** Reports the service as announced, or online again, once it is announced on every link that it uses. */
  #settle(): void {
    const isEstablished = [...this.#links.keys()].every((link) => this.#established.has(link))
    if (!isEstablished || (this.#state !== 'opening' && this.#state !== 'offline')) return
    const isFirst = this.#state === 'opening'
    this.#state = 'online'
    this.#places.confirm()
    this.#replay = setTimeout(() => this.#sightings.dropDoubted(), REPLAY_MS).unref()
    this.#announcedAt = performance.now()
    if (!isFirst) return this.#listener.online()
    this.#listener.announced()
    if (this.#isReporting) this.#sightings.begin()
    if (this.#isReporting) this.#reportSiblings()
  }

  /** Services of one process do not receive each other's messages, so they are reported to each other here. */
  #reportSiblings(): void {
    for (const sibling of this.#siblings()) {
      this.#reportSibling(sibling)
      sibling.#reportSibling(this)
    }
  }

  #reportSibling(sibling: EmbeddedDiscovery): void {
    if (!this.#isReporting || !sibling.#isReporting) return
    const { uuid } = sibling.#announcement
    this.#places.seen(uuid, 'here')
    const instance = sibling.#ownInstance()
    if (this.#isReporting && sibling.#isReporting && instance !== null) this.#listener.hint(instance, true)
  }

  #sibling(uuid: string): Instance | null {
    const sibling = this.#siblings().find((other) => other.#isReporting && other.#announcement.uuid === uuid)
    return sibling === undefined ? null : sibling.#ownInstance()
  }

  #siblings(): EmbeddedDiscovery[] {
    return this.#network.siblingsOf(this).filter((other) => other instanceof EmbeddedDiscovery)
  }

  /**
   * Whether another service of this process has the same chosen uuid: probes would not find it, because it does not
   * receive them.
   */
  #hasRival(): boolean {
    const { probe, uuid } = this.#announcement
    return probe && this.#siblings().some((other) => other.#isAlive && other.#announcement.uuid === uuid)
  }

  get #isAlive(): boolean {
    return this.#state !== 'failed' && this.#state !== 'closed'
  }

  #ownInstance(): Instance | null {
    return ownInstance(this.#announcement, [...this.#links.keys()])
  }

  #records(link: NetworkLink): Resource[] {
    return recordsOf(this.#announcement, link)
  }

  #find(uuid: string, links: readonly NetworkLink[]): Found | null {
    return whereIs(uuid, this.type, links, this.#network.interfaces)
  }

  #leave(link: NetworkLink): void {
    const publication = this.#links.get(link)
    if (publication === undefined) return
    this.#established.delete(link)
    this.#links.delete(link)
    publication.close()
    link.link.stop(this.type)
  }

  #fail(error: Error): void {
    if (!this.#isAlive) return
    this.#end('failed')
    this.#listener.failed(error)
  }

  async #close(): Promise<void> {
    this.#end('closed')
    await this.#network.remove(this)
  }

  /** Withdraws the service from every link, and from the other services of this process. */
  #end(state: 'failed' | 'closed'): void {
    const siblings = this.#isReporting ? this.#siblings() : []
    this.#state = state
    this.#over.abort()
    clearTimeout(this.#replay)
    for (const link of [...this.#links.keys()]) this.#leave(link)
    setImmediate(() => {
      for (const sibling of siblings) sibling.#places.gone(this.#announcement.uuid, 'here')
    })
  }
}

/** The error of a service that cannot be announced on any link. */
function unusable(problem: NodeJS.ErrnoException | null, { address }: Announcement): TcpnetError {
  if (problem?.code === 'EADDRINUSE') return mdnsPortTaken(problem)
  const what = address === null ? 'No interface of this machine' : `No interface with the address ${address}`
  const why = problem === null ? '' : ` (${problem.message})`
  return new TcpnetError(
    'ERR_TCPNET_NO_INTERFACE',
    `${what} can be used for multicast DNS${why}. Check the addresses of this machine.`,
    problem ?? undefined
  )
}
