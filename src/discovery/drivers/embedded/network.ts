import type { RemoteInfo } from 'node:dgram'
import { untilAligned } from '../../../aligned-interval.js'
import { type Interfaces, interfacesWith } from '../../../net/addresses.js'
import { PORT } from '../../../net/multicast-dns.js'
import { trace } from '../../../trace.js'
import type { InterfaceSource } from '../../service-interface.js'
import { ActiveLink, type LinkPlace } from './active-link.js'
import { Inbox } from './inbox.js'
import { InterfaceList } from './interface-list.js'
import type { Message } from './messages.js'
import { uuidIn } from './names.js'
import { type NetworkOptions, networkOptions } from './network-options.js'
import type { NetworkUser } from './network-user.js'
import { type Origin, Origins } from './origin.js'
import { Problems } from './problems.js'
import { RecentResponses } from './recent-responses.js'
import type { Family } from './records.js'
import { RemoteRecords } from './remote-records.js'
import { SleepWatch } from './sleep-watch.js'
import { wantedOf } from './wanted.js'

type Active = ActiveLink<NetworkUser>

/**
 * The links of this process, each with one socket, which all its services share. They are opened with the first service
 * and closed with the last. Node does not report changes of the interfaces, so these are checked periodically.
 */
export class Network {
  readonly #options: NetworkOptions
  readonly #inbox: Inbox
  readonly #sleepWatch: SleepWatch
  readonly #recent: RecentResponses
  readonly #list: InterfaceList
  /** The services, each with the index of its interface at the last reconciliation. */
  readonly #users = new Map<NetworkUser, number | null>()
  readonly #links = new Map<string, Active>()
  /** The records of other hosts, by interface. */
  readonly #remote = new Map<string, RemoteRecords>()
  readonly #problems = new Problems()
  #origins = new Origins(interfacesWith([]))
  #timer: NodeJS.Timeout | undefined
  /** Opens the links that new services need. */
  #soon: NodeJS.Timeout | undefined
  /** The time until which services on all interfaces may do without the loopback interface. */
  #loopbackAt = 0
  #isLoopbackLeftOut = false
  #isReconciling = false

  constructor(options: Partial<NetworkOptions> = {}) {
    this.#options = { ...networkOptions(), ...options }
    const { clock, wallClock, reading } = this.#options
    this.#inbox = new Inbox(reading)
    this.#list = new InterfaceList(this.source)
    this.#recent = new RecentResponses(() => clock.now())
    this.#sleepWatch = new SleepWatch(() => clock.now(), wallClock)
  }

  /** Lists the interfaces. */
  get source(): InterfaceSource {
    return this.#options.interfaces
  }

  /** This machine's interfaces at the last reconciliation. */
  get interfaces(): Interfaces {
    return this.#origins.interfaces
  }

  /** The other services of this process with the same type. */
  siblingsOf(user: NetworkUser): NetworkUser[] {
    return [...this.#users.keys()].filter((other) => other !== user && other.type === user.type)
  }

  /** Lets a service use the links of its interface. */
  add(user: NetworkUser): void {
    this.#users.set(user, null)
    this.#inbox.watch(user.type)
    if (this.#timer === undefined) {
      this.#sleepWatch.check()
      this.#loopbackAt = this.#options.clock.now() + this.#options.loopbackAfterMs
      this.#plan()
    }
    this.#soon ??= setTimeout(this.#onSoon, this.#options.openAfterMs.alone)
  }

  /** Removes a service that has withdrawn its announcements. Resolves when its last messages have been sent. */
  async remove(user: NetworkUser): Promise<void> {
    if (!this.#users.delete(user)) return
    if (this.siblingsOf(user).length === 0) this.#inbox.unwatch(user.type)
    const used = [...this.#links.values()].filter(({ users }) => users.delete(user))
    await Promise.all(used.map((active) => active.flushed()))
    this.#reconcile()
  }

  /** Opens the sockets for new services, or lets the dials to peers that their first looks have found go first. */
  readonly #onSoon = (): void => {
    const { alone, met } = this.#options.openAfterMs
    if ([...this.#users.keys()].some(({ hasMet }) => !hasMet)) return this.#reconcile()
    this.#soon = setTimeout(this.#reconcile, met - alone)
  }

  /** Checks whether interfaces have changed, and whether the machine was asleep. */
  readonly #check = (): void => {
    const asleepMs = this.#sleepWatch.check()
    if (asleepMs !== 0) {
      trace('the clocks have drifted apart by %d ms: all is announced and asked again', asleepMs)
      for (const { link } of this.#links.values()) link.restart()
    }
    if (this.#nextAt <= this.#options.clock.now() || this.#list.hasChanged()) this.#reconcile()
    this.#plan()
  }

  /** When to reconcile even without a change: to try an interface again, or to use the loopback interface. */
  get #nextAt(): number {
    return Math.min(this.#problems.nextAt, this.#isLoopbackLeftOut ? this.#loopbackAt : Number.POSITIVE_INFINITY)
  }

  /** Plans the next check. */
  #plan(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#users.size === 0) return
    const { clock, interfaces } = this.#options
    const waitMs = Math.max(Math.min(untilAligned(interfaces.everyMs), this.#nextAt - clock.now()), 1)
    this.#timer = setTimeout(this.#check, waitMs).unref()
  }

  /** Opens the links that services need, closes the others, and notifies the services. */
  readonly #reconcile = (): void => {
    clearTimeout(this.#soon)
    this.#soon = undefined
    if (this.#users.size === 0) this.#plan()
    this.#isReconciling = true
    const places = this.#places()
    for (const [key, active] of [...this.#links]) if (!places.has(key)) this.#close(key, active)
    this.#problems.keep(places)
    const now = this.#options.clock.now()
    for (const [key, place] of places) {
      const active = this.#links.get(key)
      if (active?.follow(place) === true) this.#onChanged(active)
      else if (active === undefined && this.#problems.mayTry(key, place, now)) this.#open(key, place)
    }
    this.#isReconciling = false
    if (this.#isLoopbackLeftOut) this.#plan()
    this.#join()
  }

  /** The interfaces and families for which a service needs a link. */
  #places(): ReadonlyMap<string, LinkPlace> {
    const entries = this.#users.size === 0 ? [] : this.#list.use()
    this.#origins = new Origins(interfacesWith(entries))
    for (const user of this.#users.keys()) this.#users.set(user, user.interfaceIndex())
    const canLoopbackWait = this.#options.clock.now() < this.#loopbackAt
    const { places, isLoopbackLeftOut } = wantedOf(entries, new Set(this.#users.values()), canLoopbackWait)
    this.#isLoopbackLeftOut = isLoopbackLeftOut
    return places
  }

  #open(key: string, place: LinkPlace): void {
    const { clock, times, system } = this.#options
    const active: Active = new ActiveLink(place, {
      clock,
      times,
      system,
      remote: this.#remoteRecordsOf(place),
      isOurs: (record) => [...this.#links.values()].some(({ link }) => link.hasRecord(record)),
      onMessage: (bytes, from) => this.#onMessage(active, bytes, from),
      onOpen: (isFirst) => this.#onOpen(key, active, isFirst),
      onFailed: (error) => this.#onFailed(key, active, error)
    })
    this.#links.set(key, active)
    active.open()
  }

  #remoteRecordsOf({ entry }: LinkPlace): RemoteRecords {
    const key = `${entry.index} ${entry.name}`
    const known = this.#remote.get(key)
    if (known !== undefined) return known
    const remote: RemoteRecords = new RemoteRecords({
      clock: this.#options.clock,
      onSeen: (type, uuid) => this.#report(remote, type, (user) => user.seen(remote, uuid)),
      onGone: (type, uuid) => this.#report(remote, type, (user) => user.gone(remote, uuid)),
      onRefresh: (type, families) => this.#refresh(remote, type, families)
    })
    this.#remote.set(key, remote)
    return remote
  }

  /** Asks again over these families, or over any link of the interface if it has none of these families. */
  #refresh(remote: RemoteRecords, type: string, families: ReadonlySet<Family>): void {
    const links = this.#linksWith(remote)
    const asked = links.filter(({ family }) => families.has(family))
    for (const { link } of asked.length === 0 ? links : asked) link.refresh(type)
  }

  #onOpen(key: string, active: Active, isFirst: boolean): void {
    this.#problems.opened(key, this.#options.clock.now())
    if (!isFirst) this.#onChanged(active)
    // `#reconcile` does this at its end.
    if (!this.#isReconciling) this.#join()
  }

  #onFailed(key: string, active: Active, error: NodeJS.ErrnoException): void {
    trace('%s cannot be used over IPv%d: %s', active.name, active.family, error.message)
    this.#problems.add(key, active.place, error, this.#options.clock.now())
    this.#close(key, active)
    this.#plan()
    if (!this.#isReconciling) this.#join()
  }

  /** The link's interface has changed addresses, so the records of other hosts may be obsolete. */
  #onChanged(active: Active): void {
    for (const user of [...active.users]) user.changed(active)
    active.link.restart()
  }

  #close(key: string, active: Active): void {
    this.#links.delete(key)
    for (const user of [...active.users]) {
      active.users.delete(user)
      user.down(active)
    }
    active.close()
    const { remote } = active.link
    if (this.#linksWith(remote).length > 0) return
    for (const [name, one] of this.#remote) if (one === remote) this.#remote.delete(name)
    remote.close()
  }

  /** The links of an interface. */
  #linksWith(remote: RemoteRecords): Active[] {
    return [...this.#links.values()].filter(({ link }) => link.remote === remote)
  }

  /** Lets each service use the open links of its interfaces, and no others. */
  #join(): void {
    const links = [...this.#links.values()]
    for (const [user, own] of [...this.#users]) {
      for (const active of links) {
        const isWanted = active.isOpen && (own === 0 || own === active.index)
        if (isWanted === active.users.has(user)) continue
        if (isWanted) {
          active.users.add(user)
          user.up(active)
        } else if (active.users.delete(user)) {
          user.down(active)
        }
      }
    }
    if (links.length === 0 && this.#isLoopbackLeftOut) return this.#useLoopback()
    // New services get their links when `#soon` fires.
    if (this.#soon !== undefined || !links.every(({ isOpen }) => isOpen)) return
    for (const [user, own] of [...this.#users]) user.settled(this.#problems.worstOn(own))
  }

  /** Uses the loopback interface at once, because no other interface can be used. */
  #useLoopback(): void {
    this.#loopbackAt = 0
    this.#soon ??= setTimeout(this.#reconcile, 0)
  }

  #onMessage(active: Active, bytes: Buffer, from: RemoteInfo): void {
    // Messages of other interfaces are dropped first: an IPv4 socket receives those as well.
    const origin = this.#origins.of(from, active)
    if (origin === null || !this.#inbox.wants(bytes) || (origin.isLocal && active.isEcho(bytes))) return
    this.#inbox.read(bytes, from.address, (message) => {
      if (active.isOpen) this.#receive(active, message, from, origin)
    })
  }

  #receive(active: Active, message: Message, { address, port }: RemoteInfo, { isOnLink, isLocal }: Origin): void {
    // A response from another port is ignored (RFC 6762 §6), so it must not mark a later one as a duplicate.
    const novelty = message.kind === 'response' && port === PORT ? this.#recent.add(message, active) : null
    active.link.receive(message, { address, port, isOnLink }, isLocal, novelty === 'duplicate')
    if (novelty !== 'new') return
    for (const record of [...message.answers, ...message.additionals]) {
      if (record.type !== 'SRV' || record.ttl === 0) continue
      for (const user of [...active.users]) {
        const uuid = uuidIn(record.name, user.type)
        if (uuid !== null) user.answered(active, uuid)
      }
    }
  }

  #report(remote: RemoteRecords, type: string, report: (user: NetworkUser) => void): void {
    const isOn = (user: NetworkUser) => this.#linksWith(remote).some(({ users }) => users.has(user))
    for (const user of [...this.#users.keys()]) if (user.type === type && isOn(user)) report(user)
  }
}
