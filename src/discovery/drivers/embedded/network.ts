import type { RemoteInfo } from 'node:dgram'
import type { InterfaceAddress } from '../../../addon.js'
import { type Interfaces, interfacesWith } from '../../../net/addresses.js'
import { trace } from '../../../trace.js'
import { PacedWork } from '../../paced-work.js'
import { type InterfaceSource, SYSTEM_INTERFACES } from '../../service-interface.js'
import { ActiveLink, hasSameAddresses, type Place } from './active-link.js'
import { type Clock, SYSTEM_CLOCK } from './clock.js'
import { Inbox } from './inbox.js'
import { LINK_TIMES, type LinkTimes } from './link.js'
import { SOCKET_SYSTEM, type SocketSystem } from './link-socket.js'
import type { Message } from './messages.js'
import { uuidIn } from './names.js'
import type { NetworkUser } from './network-user.js'
import { type Origin, originOf } from './origin.js'
import type { Resource } from './records.js'
import { SleepWatch } from './sleep-watch.js'

/** Milliseconds before an interface is tried again that could not be used: doubling to the longest. */
const [FIRST_RETRY_MS, LONGEST_RETRY_MS] = [1000, 60_000]
export interface NetworkOptions {
  readonly clock: Clock
  /** The time of day, in milliseconds: it goes on while the machine is asleep, which the other clock does not. */
  readonly wallClock: () => number
  readonly interfaces: InterfaceSource
  readonly system: SocketSystem
  readonly times: LinkTimes
  /** Where messages wait to be read. */
  readonly reading: Pick<PacedWork, 'do'>
}

type Active = ActiveLink<NetworkUser>

/** Why an interface could not be used. */
interface Problem {
  readonly error: NodeJS.ErrnoException
  readonly place: Place
  /** When that was, and how long it is not tried again, in milliseconds. */
  readonly at: number
  readonly waitMs: number
}

/**
 * The links of this process, and one socket for each: all services of the process share them. Opened with the first that uses them, closed with
 * the last. Nobody tells Node of interfaces that come, go or change their addresses: they are looked at all the time.
 */
export class Network {
  readonly #options: NetworkOptions
  readonly #inbox: Inbox
  readonly #sleepWatch: SleepWatch
  /** With the index of the interface that each is on, as of the last look. */
  readonly #users = new Map<NetworkUser, number | null>()
  readonly #links = new Map<string, Active>()
  /** Why interfaces could not be used, and when they are tried again. */
  readonly #problems = new Map<string, Problem>()
  /** The interfaces at the last look that had to do with them, as a text. */
  #listed = ''
  #interfaces: Interfaces = interfacesWith([])
  #timer: NodeJS.Timeout | undefined
  #soon: NodeJS.Immediate | undefined
  #isLooking = false

  constructor(options: Partial<NetworkOptions> = {}) {
    this.#options = {
      clock: SYSTEM_CLOCK,
      wallClock: Date.now,
      interfaces: { ...SYSTEM_INTERFACES, everyMs: 1000 },
      system: SOCKET_SYSTEM,
      times: LINK_TIMES,
      reading: new PacedWork({ msPerTurn: 5, maxWaiting: 1024 }),
      ...options
    }
    const { clock, wallClock, reading } = this.#options
    this.#inbox = new Inbox(reading)
    this.#sleepWatch = new SleepWatch(() => clock.now(), wallClock)
  }

  /** Where the interfaces are read. */
  get source(): InterfaceSource {
    return this.#options.interfaces
  }

  /** This machine's interfaces, as they were at the last look. */
  get interfaces(): Interfaces {
    return this.#interfaces
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
      this.#sleepWatch.look()
      this.#timer = setInterval(this.#look, this.#options.interfaces.everyMs).unref()
    }
    this.#soon ??= setImmediate(this.#reconcile)
  }

  /** Lets a service go that has taken its leave. Resolves when its last messages have left. */
  async remove(user: NetworkUser): Promise<void> {
    if (!this.#users.delete(user)) return
    if (this.siblingsOf(user).length === 0) this.#inbox.unwatch(user.type)
    const used = [...this.#links.values()].filter(({ users }) => users.delete(user))
    await Promise.all(used.map((active) => active.flushed()))
    this.#reconcile()
  }

  /** Looks whether interfaces have changed, and whether the machine was asleep. */
  readonly #look = (): void => {
    const asleepMs = this.#sleepWatch.look()
    if (asleepMs !== 0) {
      trace('the clocks are apart by another %d ms: everything is announced and asked anew', asleepMs)
      for (const { link } of this.#links.values()) link.restart()
    }
    // As a rule nothing has changed.
    if (this.#problems.size > 0 || this.#list().text !== this.#listed) this.#reconcile()
  }

  /** The interfaces that are up, and all of it as a text. */
  #list(): { readonly entries: InterfaceAddress[]; readonly text: string } {
    const entries = this.#options.interfaces.list().filter(({ up }) => up)
    return { entries, text: entries.map(({ index, name, address }) => `${index} ${name} ${address}`).join('\n') }
  }

  /** Opens what is wanted and not open, closes what is open and not wanted, and tells the services. */
  readonly #reconcile = (): void => {
    clearImmediate(this.#soon)
    this.#soon = undefined
    if (this.#users.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    this.#isLooking = true
    const places = this.#places()
    for (const [key, active] of [...this.#links]) if (!places.has(key)) this.#close(key, active)
    for (const key of this.#problems.keys()) if (!places.has(key)) this.#problems.delete(key)
    for (const [key, place] of places) {
      const active = this.#links.get(key)
      if (active?.follow(place) === true) this.#onChanged(active)
      else if (active === undefined && this.#mayTry(key, place)) this.#open(key, place)
    }
    this.#isLooking = false
    this.#join()
  }

  /** The interfaces and families that a service is on. */
  #places(): Map<string, Place> {
    const { entries: all, text } = this.#users.size === 0 ? { entries: [], text: '' } : this.#list()
    this.#listed = text
    this.#interfaces = interfacesWith(all)
    for (const user of this.#users.keys()) this.#users.set(user, user.interfaceIndex())
    const indexes = new Set(this.#users.values())
    const places = new Map<string, Place>()
    for (const entry of all) {
      if (!indexes.has(0) && !indexes.has(entry.index)) continue
      // Linux has no route to the group over it, and IPv4 does as well.
      if (entry.loopback && entry.family === 6 && all.some(({ loopback, family }) => loopback && family === 4)) continue
      const key = keyOf(entry)
      const addresses = all.filter(({ index, name }) => index === entry.index && name === entry.name)
      if (!places.has(key)) places.set(key, { entry, addresses })
    }
    return places
  }

  #mayTry(key: string, place: Place): boolean {
    const problem = this.#problems.get(key)
    if (problem === undefined || problem.at + problem.waitMs <= this.#options.clock.now()) return true
    return !hasSameAddresses(problem.place, place)
  }

  #open(key: string, place: Place): void {
    const { clock, times, system } = this.#options
    const active: Active = new ActiveLink(place, {
      clock,
      times,
      system,
      isOurs: (record) => this.#isOurs(record),
      // What IPv4 keeps knowing is asked for over IPv6 only where IPv4 gets no answer: each question has every member answer.
      isKnownBeside: (record) => active.family === 6 && this.#besides(active)?.link.knows(record) === true,
      onOverdue: (type) => this.#besides(active)?.link.refresh(type),
      onSeen: (type, uuid) => this.#tell(active, type, (user) => user.seen(active, uuid)),
      onGone: (type, uuid) => this.#tell(active, type, (user) => user.gone(active, uuid)),
      onMessage: (bytes, from) => this.#onMessage(active, bytes, from),
      onOpen: (isFirst) => this.#onOpen(active, isFirst),
      onFailed: (error) => this.#onFailed(key, active, error)
    })
    this.#links.set(key, active)
    active.open()
  }

  #onOpen(active: Active, isFirst: boolean): void {
    if (!isFirst) this.#onChanged(active)
    // From within a look, services and links are brought together at its end.
    if (!this.#isLooking) this.#join()
  }

  #onFailed(key: string, active: Active, error: NodeJS.ErrnoException): void {
    trace('%s cannot be used over IPv%d: %s', active.name, active.family, error.message)
    const { place } = active
    const before = this.#problems.get(key)
    const isAgain = before !== undefined && hasSameAddresses(before.place, place)
    const waitMs = isAgain ? Math.min(before.waitMs * 2, LONGEST_RETRY_MS) : FIRST_RETRY_MS
    this.#problems.set(key, { error, place, waitMs, at: this.#options.clock.now() })
    this.#close(key, active)
    if (!this.#isLooking) this.#join()
  }

  /** The link's interface has other addresses: who was heard before may be elsewhere. */
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
  }

  /** Brings services and open links together. */
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
    // Services that have just come have no links yet.
    if (this.#soon === undefined && links.every(({ isOpen }) => isOpen)) this.#tellSettled()
  }

  #tellSettled(): void {
    for (const [user, own] of [...this.#users]) {
      const problems = [...this.#problems.values()].filter(({ place }) => own === 0 || own === place.entry.index)
      const worst = problems.find(({ error }) => error.code === 'EADDRINUSE') ?? problems[0]
      user.settled(worst?.error ?? null)
    }
  }

  #onMessage(active: Active, bytes: Buffer, from: RemoteInfo): void {
    if (!this.#inbox.wants(bytes)) return
    const origin = originOf(from, active, this.#interfaces)
    if (origin === null || (origin.isLocal && active.isEcho(bytes))) return
    this.#inbox.read(bytes, from.address, (message) => {
      if (active.isOpen) this.#receive(active, message, from, origin)
    })
  }

  #receive(active: Active, message: Message, { address, port }: RemoteInfo, { isOnLink, isLocal }: Origin): void {
    active.link.receive(message, { address, port, isOnLink }, isLocal)
    if (message.kind !== 'response') return
    for (const record of [...message.answers, ...message.additionals]) {
      if (record.type !== 'SRV' || record.ttl === 0) continue
      for (const user of [...active.users]) {
        const uuid = uuidIn(record.name, user.type)
        if (uuid !== null) user.answered(active, uuid)
      }
    }
  }

  #tell(active: Active, type: string, tell: (user: NetworkUser) => void): void {
    for (const user of [...active.users]) if (user.type === type && active.users.has(user)) tell(user)
  }

  /** The link of the same interface over the other family. */
  #besides({ index, name, family }: Active): Active | undefined {
    return this.#links.get(keyOf({ index, name, family: family === 4 ? 6 : 4 }))
  }

  #isOurs(record: Resource): boolean {
    return [...this.#links.values()].some(({ link }) => link.hasRecord(record))
  }
}

/** What tells an interface and family from others. */
function keyOf({ index, name, family }: Pick<InterfaceAddress, 'index' | 'name' | 'family'>): string {
  return `${index} ${name} ${family}`
}
