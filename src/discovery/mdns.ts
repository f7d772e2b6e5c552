import { createRequire } from 'node:module'
import { type Addon, addon, type Session, type SessionEvent } from '../addon.js'
import { TcpnetError } from '../errors.js'
import { trace } from '../trace.js'
import { parseUuid } from '../uuid.js'
import type { Announcement, Discovery, Listener } from './discovery.js'
import { healing, START_AVAHI } from './healing.js'
import { shownHost } from './host-name.js'
import { MAX_INSTANCES } from './instances.js'
import { formatTxt, joinTxt, splitTxt } from './txt.js'

/** Resolutions under way at once. Avahi's library takes a bus connection for each, of the 256 that a user may have. */
const MAX_RESOLUTIONS = 16
/** Milliseconds for one step of a resolution. */
const RESOLVE_TIMEOUT_MS = 5000
/** Milliseconds between looks at what is known already: the browse does not tell when a port has changed. */
const REFRESH_MS = 10_000

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

/** An instance on one interface, as the browse knows it. */
interface Sighted {
  readonly name: string
  readonly interfaceIndex: number
  /** How often it was added, less how often it was removed: once for each family. */
  count: number
}

/** One registration and one browse, until one of them fails. */
class MdnsSession implements Session {
  readonly #library: Mdns
  readonly #shim: Addon
  readonly #onEvent: (event: SessionEvent) => void
  readonly #type: string
  readonly #sighted = new Map<string, Sighted>()
  readonly #queue = new Set<Sighted>()
  readonly #open = new Set<Watched>()
  /** Ends the resolutions that wait for the daemon: their timers would keep the process alive. */
  readonly #abandon = new Set<() => void>()
  readonly #refresh: NodeJS.Timeout
  #resolving = 0
  #ended = false

  constructor(library: Mdns, shim: Addon, announcement: Announcement, onEvent: (event: SessionEvent) => void) {
    this.#library = library
    this.#shim = shim
    this.#onEvent = onEvent
    this.#type = `_${announcement.name}._tcp`
    this.#refresh = setInterval(this.#resolveAll, REFRESH_MS)
    setImmediate(() => this.#start(announcement))
  }

  close(done: () => void): void {
    this.#end()
    setImmediate(done)
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

  /** Makes a call and watches for its results; what goes wrong ends the session. */
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
    if (name === undefined) return
    const key = `${interfaceIndex}/${name}`
    // What cannot be an instance of ours is not worth the daemon's work, nor are more than anybody means well with.
    if (!this.#sighted.has(key) && (parseUuid(name) === null || this.#sighted.size >= MAX_INSTANCES)) return
    const sighted = this.#sighted.get(key) ?? { name, interfaceIndex, count: 0 }
    if ((flags & this.#library.calls.kDNSServiceFlagsAdd) !== 0) {
      sighted.count++
      this.#sighted.set(key, sighted)
      this.#resolve(sighted)
    } else if (--sighted.count <= 0 && this.#sighted.delete(key)) {
      this.#queue.delete(sighted)
      this.#onEvent({ type: 'lost', instance: name, interfaceIndex, family: 4 })
    }
  }

  readonly #resolveAll = (): void => {
    for (const sighted of this.#sighted.values()) this.#resolve(sighted)
  }

  #resolve(sighted: Sighted): void {
    this.#queue.add(sighted)
    this.#resolveNext()
  }

  #resolveNext(): void {
    for (const sighted of this.#queue) {
      if (this.#ended || this.#resolving >= MAX_RESOLUTIONS) return
      this.#queue.delete(sighted)
      this.#resolving++
      this.#resolveService(sighted, () => {
        this.#resolving--
        this.#resolveNext()
      })
    }
  }

  /** Asks for an instance's host, port and TXT record, then for the host's addresses. `done` is called once. */
  #resolveService(sighted: Sighted, done: () => void): void {
    const { name, interfaceIndex } = sighted
    let watched: Watched | null = null
    let ended = false
    const end = (next: () => void) => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      this.#abandon.delete(abandon)
      // Not from within a callback of the reference that is released.
      setImmediate(() => this.#release(watched))
      next()
    }
    const abandon = () => end(done)
    const timer = setTimeout(abandon, RESOLVE_TIMEOUT_MS)
    this.#abandon.add(abandon)
    watched = this.#watch((ref) =>
      this.#library.calls.DNSServiceResolve(
        ref,
        0,
        interfaceIndex,
        name,
        this.#type,
        'local',
        (_ref, _flags, _index, error, _fullName, host, port, txt) => {
          if (error !== 0 || host === undefined) return end(done)
          end(() => this.#resolveAddresses(sighted, { host: host.replace(/\.$/, ''), port, txt: splitTxt(txt) }, done))
        },
        null
      )
    )
    if (watched === null) end(done)
  }

  #resolveAddresses(sighted: Sighted, resolved: { host: string; port: number; txt: string[] }, done: () => void): void {
    const { name, interfaceIndex } = sighted
    this.#shim.queryAddresses(resolved.host, interfaceIndex, RESOLVE_TIMEOUT_MS, (error, found) => {
      if (error !== null) trace('%s: no address for %s: %s', name, shownHost(resolved.host), error)
      if (!this.#ended && sighted.count > 0 && found.length > 0) {
        const addresses = found.map(({ address }) => address)
        this.#onEvent({
          type: 'found',
          instance: name,
          interfaceIndex,
          family: 4,
          origin: 'unknown',
          ...resolved,
          addresses
        })
      }
      done()
    })
  }

  #fail(failure: 'daemon' | 'conflict' | 'refused', message: string): void {
    if (this.#ended) return
    this.#end()
    this.#onEvent({ type: 'failed', failure, message: failure === 'daemon' ? `${message}: ${START_AVAHI}` : message })
  }

  #end(): void {
    this.#ended = true
    clearInterval(this.#refresh)
    this.#queue.clear()
    for (const abandon of [...this.#abandon]) abandon()
    setImmediate(() => {
      for (const watched of [...this.#open]) this.#release(watched)
    })
  }

  #release(watched: Watched | null): void {
    if (watched !== null && this.#open.delete(watched)) watched.stop()
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
