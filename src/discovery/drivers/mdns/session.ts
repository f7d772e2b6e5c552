import type { Addon } from '../../../addon.js'
import { trace } from '../../../trace.js'
import { parseUuid } from '../../../uuid.js'
import type { Announcement } from '../../discovery.js'
import { shownHost } from '../../host-name.js'
import type { Location, Session, SessionEvent } from '../../session.js'
import { MAX_INSTANCES } from '../../sightings.js'
import { formatTxt, joinTxt, splitTxt } from '../../txt.js'
import { START_AVAHI } from '../healing.js'
import { failureOf, type Mdns, type Watched } from './package.js'
import { LocateQuestion } from './question.js'

/**
 * The most questions under way at once. Avahi's library opens a bus connection for each step, of the 256 that a user may have.
 */
const MAX_QUESTIONS = 16
/** Milliseconds for one step of a question. */
const STEP_TIMEOUT_MS = 2000

/** A session with one registration and one browse, until one of them fails. */
export class MdnsSession implements Session {
  readonly #library: Mdns
  readonly #shim: Addon
  readonly #onEvent: (event: SessionEvent) => void
  readonly #type: string
  /** By uuid and then by interface: how often the name was added, minus how often it was removed; once for each family. */
  readonly #seen = new Map<string, Map<number, number>>()
  readonly #open = new Set<Watched>()
  /** Questions, in the order in which they were asked; the first {@link MAX_QUESTIONS} are under way. */
  readonly #questions = new Set<LocateQuestion>()
  #ended = false

  constructor(library: Mdns, shim: Addon, announcement: Announcement, onEvent: (event: SessionEvent) => void) {
    this.#library = library
    this.#shim = shim
    this.#onEvent = onEvent
    this.#type = `_${announcement.name}._tcp`
    setImmediate(() => this.#start(announcement))
  }

  /** Always possible: the calls block until the daemon replies, and after them `answered` was emitted. */
  giveUp(): boolean {
    return true
  }

  close(done: () => void): void {
    this.#end()
    setImmediate(done)
  }

  /** The package registers no address records. */
  setAddresses(): void {}

  locate(uuid: string, done: (location: Location | null) => void): () => void {
    const interfaces = [...(this.#seen.get(uuid)?.keys() ?? [])]
    if (this.#ended || interfaces.length === 0) {
      const reply = setImmediate(done, null)
      return () => clearImmediate(reply)
    }
    const question = new LocateQuestion(interfaces, done, (index, answer) => this.#resolve(uuid, index, answer))
    this.#questions.add(question)
    this.#next()
    return () => {
      question.end()
      if (this.#questions.delete(question)) this.#next()
    }
  }

  /** Begins the first questions; in a later turn of the event loop, because a call that fails ends the session. */
  #next(): void {
    setImmediate(() => {
      for (const question of [...this.#questions].slice(0, MAX_QUESTIONS)) question.begin()
    })
  }

  #start({ uuid, port, txt, interfaceIndex }: Announcement): void {
    if (this.#ended) return
    const { calls } = this.#library
    this.#watch((ref) =>
      calls.DNSServiceRegister(
        ref,
        0,
        interfaceIndex,
        uuid,
        this.#type,
        null,
        null,
        port,
        joinTxt(formatTxt(txt)),
        (_ref, _flags, error, name) => this.#onRegistered(error, name, uuid),
        null
      )
    )
    if (this.#ended) return
    const onSeen = (_ref: object, flags: number, index: number, error: number, name: string | undefined) =>
      this.#onSeen(flags, index, error, name)
    this.#watch((ref) => calls.DNSServiceBrowse(ref, 0, interfaceIndex, this.#type, null, onSeen, null))
    if (!this.#ended) this.#onEvent({ type: 'answered' })
  }

  /** Makes a call and watches for its results; an error ends the session. */
  #watch(call: (ref: object) => void): Watched | null {
    try {
      const watched = new this.#library.MDNSService()
      watched.on('error', (error) => this.#fail('daemon', error.message))
      call(watched.serviceRef)
      watched.start()
      this.#open.add(watched)
      return watched
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error)
      this.#fail(failureOf(error), said)
      return null
    }
  }

  #onRegistered(error: number, name: string | undefined, uuid: string): void {
    if (this.#ended) return
    if (error !== 0) return this.#fail('daemon', `the registration failed with error ${error}`)
    // A name that another machine has is not refused: the library registers another name.
    if (name !== uuid) return this.#fail('conflict', `the name became ${name}`)
    this.#onEvent({ type: 'announced' })
  }

  #onSeen(flags: number, interfaceIndex: number, error: number, name: string | undefined): void {
    if (this.#ended) return
    if (error !== 0) return this.#fail('daemon', `the browse failed with error ${error}`)
    const uuid = name === undefined ? null : parseUuid(name)
    if (uuid === null) return
    const known = this.#seen.get(uuid)
    const isAdded = (flags & this.#library.calls.kDNSServiceFlagsAdd) !== 0
    if (known === undefined && (!isAdded || this.#seen.size >= MAX_INSTANCES)) return
    const places = known ?? new Map<number, number>()
    const count = (places.get(interfaceIndex) ?? 0) + (isAdded ? 1 : -1)
    if (count > 0) places.set(interfaceIndex, count)
    else places.delete(interfaceIndex)
    this.#seen.set(uuid, places)
    if (places.size === 0) this.#seen.delete(uuid)
    if (known === undefined) this.#onEvent({ type: 'seen', uuid })
    else if (places.size === 0) this.#onEvent({ type: 'gone', uuid })
  }

  /** Asks for an instance's host, port and TXT record on one interface, then for the host's addresses. */
  #resolve(uuid: string, interfaceIndex: number, answer: (location: Location) => void): () => void {
    let watched: Watched | null = null
    // Never from within a callback of the reference that is released.
    const release = () => setImmediate(() => this.#release(watched))
    watched = this.#watch((ref) =>
      this.#library.calls.DNSServiceResolve(
        ref,
        0,
        interfaceIndex,
        uuid,
        this.#type,
        'local',
        (_ref, _flags, _index, error, _fullName, host, port, txt) => {
          release()
          if (error !== 0 || host === undefined) return
          const found = { host: host.replace(/\.$/, ''), port, txt: splitTxt(txt) }
          this.#resolveAddresses(interfaceIndex, found, answer)
        },
        null
      )
    )
    return release
  }

  #resolveAddresses(
    interfaceIndex: number,
    found: Omit<Location, 'paths'>,
    answer: (location: Location) => void
  ): void {
    this.#shim.queryAddresses(found.host, interfaceIndex, STEP_TIMEOUT_MS, (error, addresses) => {
      if (error !== null) trace('no address for %s: %s', shownHost(found.host), error)
      if (addresses.length > 0)
        answer({ ...found, paths: addresses.map((one) => ({ ...one, interfaceIndex, origin: 'unknown' })) })
    })
  }

  #fail(failure: 'daemon' | 'conflict' | 'refused', message: string): void {
    if (this.#ended) return
    this.#end()
    this.#onEvent({ type: 'failed', failure, message: failure === 'daemon' ? `${message}: ${START_AVAHI}` : message })
  }

  #end(): void {
    this.#ended = true
    for (const question of this.#questions) question.end()
    this.#questions.clear()
    setImmediate(() => {
      for (const watched of [...this.#open]) this.#release(watched)
    })
  }

  #release(watched: Watched | null): void {
    if (watched !== null && this.#open.delete(watched)) watched.stop()
  }
}
