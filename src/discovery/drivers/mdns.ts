import { createRequire } from 'node:module'
import { type Addon, addon, type Location, type Session, type SessionEvent } from '../../addon.js'
import { TcpnetError } from '../../errors.js'
import { trace } from '../../trace.js'
import { parseUuid } from '../../uuid.js'
import type { Announcement, Discovery, Listener } from '../discovery.js'
import { formatTxt, joinTxt, splitTxt } from '../txt.js'
import { healing, START_AVAHI } from './healing.js'
import { shownHost } from './host-name.js'
import { MAX_INSTANCES } from './sightings.js'

/** Questions under way at once. Avahi's library takes a bus connection for each step, of the 256 that a user may have. */
const MAX_QUESTIONS = 16
/** Milliseconds for one step of a question. */
const STEP_TIMEOUT_MS = 2000
/** Milliseconds that other interfaces may add to the first answer. */
const MOMENT_MS = 50

/** What this driver uses of the `mdns` package: the calls of dns_sd.h, and the object that watches their socket. */
interface Mdns {
  readonly calls: DnsSd
  readonly MDNSService: new () => Watched
}

/** A DNSServiceRef and the watcher that processes its results. */
interface Watched {
  readonly serviceRef: object
  start(): void
  stop(): void
  on(event: 'error', listener: (error: Error) => void): void
}

/** The calls of dns_sd.h as `mdns` gives them to JavaScript. Each throws where the library refuses it at once. */
interface DnsSd {
  readonly kDNSServiceFlagsAdd: number
  DNSServiceRegister(
    ref: object,
    flags: number,
    interfaceIndex: number,
    name: string,
    type: string,
    domain: null,
    host: null,
    port: number,
    txt: Buffer,
    done: (ref: object, flags: number, error: number, name: string | undefined) => void,
    context: null
  ): void
  DNSServiceBrowse(
    ref: object,
    flags: number,
    interfaceIndex: number,
    type: string,
    domain: null,
    seen: (ref: object, flags: number, interfaceIndex: number, error: number, name: string | undefined) => void,
    context: null
  ): void
  DNSServiceResolve(
    ref: object,
    flags: number,
    interfaceIndex: number,
    name: string,
    type: string,
    domain: string,
    done: (
      ref: object,
      flags: number,
      interfaceIndex: number,
      error: number,
      fullName: string | undefined,
      host: string | undefined,
      port: number,
      txt: Buffer
    ) => void,
    context: null
  ): void
}

/**
 * The driver over the `mdns` npm package: its browse, registration and resolution, and the addon's own resolution of
 * addresses, because `mdns` has none that works on Linux. Its calls run on the event loop and wait for the daemon.
 */
export function mdns(announcement: Announcement, listener: Listener): Discovery {
  const shim = addon()
  shim.prepareDnsSd()
  const library = load()
  return healing((announced, onEvent) => new MdnsSession(library, shim, announced, onEvent))(announcement, listener)
}

function load(): Mdns {
  const require = createRequire(import.meta.url)
  try {
    // Not the package's main module: that one registers a service of its own when it is loaded.
    return { calls: require('mdns/lib/dns_sd.js'), MDNSService: require('mdns/lib/mdns_service.js').MDNSService }
  } catch (cause) {
    throw new TcpnetError(
      'ERR_TCPNET_NO_DRIVER',
      'The driver "mdns" needs the package mdns: npm install mdns@2.7.2 (on Linux with the headers of libdns_sd, ' +
        'on Debian in libavahi-compat-libdnssd-dev; it compiles on Node 20 and 22). ' +
        `It did not load: ${cause instanceof Error ? cause.message : String(cause)}.`,
      cause
    )
  }
}

/** One registration and one browse, until one of them fails. */
class MdnsSession implements Session {
  readonly #library: Mdns
  readonly #shim: Addon
  readonly #onEvent: (event: SessionEvent) => void
  readonly #type: string
  /** By uuid and then by interface: how often it was added, less how often it was removed: once for each family. */
  readonly #seen = new Map<string, Map<number, number>>()
  readonly #open = new Set<Watched>()
  /** Questions, in the order in which they were put; the first {@link MAX_QUESTIONS} are under way. */
  readonly #questions = new Set<Question>()
  #ended = false

  constructor(library: Mdns, shim: Addon, announcement: Announcement, onEvent: (event: SessionEvent) => void) {
    this.#library = library
    this.#shim = shim
    this.#onEvent = onEvent
    this.#type = `_${announcement.name}._tcp`
    setImmediate(() => this.#start(announcement))
  }

  /** Its calls wait for the daemon: once they are made, `answered` was told. */
  giveUp(): boolean {
    return true
  }

  close(done: () => void): void {
    this.#end()
    setImmediate(done)
  }

  locate(uuid: string, done: (location: Location | null) => void): () => void {
    const interfaces = [...(this.#seen.get(uuid)?.keys() ?? [])]
    if (this.#ended || interfaces.length === 0) {
      const reply = setImmediate(done, null)
      return () => clearImmediate(reply)
    }
    const question = new Question(interfaces, done, (index, answer) => this.#resolve(uuid, index, answer))
    this.#questions.add(question)
    this.#next()
    return () => {
      question.end()
      if (this.#questions.delete(question)) this.#next()
    }
  }

  /** Begins the questions whose turn it is: in a later turn, because a call that fails ends the session. */
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
    // A name that another machine has is not refused: the library takes another.
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
    // Not from within a callback of the reference that is released.
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

/** One question for where an instance is, on every interface on which its name was seen. */
class Question {
  readonly #interfaces: readonly number[]
  readonly #done: (location: Location) => void
  readonly #resolve: (interfaceIndex: number, answer: (location: Location) => void) => () => void
  readonly #releases: (() => void)[] = []
  #location: Location | null = null
  #timer: NodeJS.Timeout | undefined
  #begun = false
  #ended = false

  constructor(
    interfaces: readonly number[],
    done: (location: Location) => void,
    resolve: (interfaceIndex: number, answer: (location: Location) => void) => () => void
  ) {
    this.#interfaces = interfaces
    this.#done = done
    this.#resolve = resolve
  }

  /** Idempotent; nothing is asked after {@link end}, which a failed call brings about. */
  begin(): void {
    if (this.#begun) return
    this.#begun = true
    for (const index of this.#interfaces) {
      if (this.#ended) return
      this.#releases.push(this.#resolve(index, this.#onAnswer))
    }
  }

  /** Idempotent; `done` is not called after it. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    for (const release of this.#releases) release()
  }

  /** Where two interfaces disagree on host or port, the one that answered last is right. */
  readonly #onAnswer = (answer: Location): void => {
    if (this.#ended) return
    const before = this.#location
    const agrees = before !== null && before.host === answer.host && before.port === answer.port
    this.#location = agrees ? { ...answer, paths: [...before.paths, ...answer.paths] } : answer
    this.#timer ??= setTimeout(() => {
      if (this.#location !== null) this.#done(this.#location)
    }, MOMENT_MS)
  }
}

/** Codes of dns_sd.h: another instance has the name; the request is not one that the daemon takes. */
const NAME_CONFLICT = -65548
const REFUSED = [-65540, -65549]

/** What an exception of the `mdns` package means. */
function failureOf(error: unknown): 'conflict' | 'refused' | 'daemon' {
  const code = error instanceof Error && 'errorCode' in error ? error.errorCode : undefined
  if (code === NAME_CONFLICT) return 'conflict'
  return REFUSED.some((refused) => refused === code) ? 'refused' : 'daemon'
}
