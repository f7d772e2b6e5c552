import { isIP } from 'node:net'
import type { SessionEvent } from '../addon.js'
import { type Interfaces, interfacesNow, isHost, isLoopback, isOwn, splitScope } from '../network.js'
import { trace } from '../trace.js'
import { parseUuid } from '../uuid.js'
import type { Instance, Listener, Path } from './discovery.js'
import { shownHost } from './host-name.js'
import { parseTxt } from './txt.js'

type Found = SessionEvent & { type: 'found' }

/**
 * Instances beyond this many are ignored: whoever announces more does not mean well. One that is ignored still dials us,
 * and is heard of again when something about it changes.
 */
export const MAX_INSTANCES = 4096
/** Addresses of an instance beyond this many are ignored: a host has a few on each interface. */
export const MAX_PATHS = 64

/** What one interface and family says of an instance; `stale` while only the time before an outage vouches for it. */
interface Sighting extends Omit<Instance, 'uuid'> {
  /** Which one it was of all that was told: what was told later counts where two disagree. */
  readonly turn: number
  stale: boolean
}

interface Entry {
  readonly sightings: Map<string, Sighting>
  /** What was told last. */
  told: string
}

/**
 * Makes one instance of what a daemon reports once per interface and family: `up` with the whole of it whenever that
 * changes, `down` when nothing is left. It is silent until it is told to begin.
 */
export class Instances {
  readonly #entries = new Map<string, Entry>()
  readonly #listener: Pick<Listener, 'up' | 'down'>
  readonly #interfaces: () => Interfaces
  #telling = false
  #turns = 0

  /** @param interfaces this machine's, as they are now */
  constructor(listener: Pick<Listener, 'up' | 'down'>, interfaces = interfacesNow) {
    this.#listener = listener
    this.#interfaces = interfaces
  }

  /** Tells what is known so far, and from here on what changes. */
  begin(): void {
    this.#telling = true
    for (const [uuid, entry] of [...this.#entries]) this.#tell(uuid, entry)
  }

  found(found: Found): void {
    const uuid = parseUuid(found.instance)
    if (uuid === null || !isPort(found.port)) {
      trace('ignored an announcement that is no service of ours: %j port %d', found.instance, found.port)
      return
    }
    let entry = this.#entries.get(uuid)
    if (entry === undefined) {
      if (this.#entries.size >= MAX_INSTANCES)
        return trace('%s: ignored: %d instances are known already', uuid, MAX_INSTANCES)
      entry = { sightings: new Map(), told: '' }
      this.#entries.set(uuid, entry)
    }
    entry.sightings.set(keyOf(found), sightingOf(found, ++this.#turns, this.#interfaces()))
    this.#tell(uuid, entry)
  }

  lost(lost: SessionEvent & { type: 'lost' }): void {
    const uuid = parseUuid(lost.instance)
    const entry = uuid === null ? undefined : this.#entries.get(uuid)
    if (uuid === null || !entry?.sightings.delete(keyOf(lost))) return
    this.#tell(uuid, entry)
  }

  /** The daemon is gone: nothing that it said is vouched for any more. */
  markStale(): void {
    for (const entry of this.#entries.values()) {
      for (const sighting of entry.sightings.values()) sighting.stale = true
    }
  }

  /** Forgets what nobody has vouched for since {@link markStale}. */
  dropStale(): void {
    for (const [uuid, entry] of [...this.#entries]) {
      for (const [key, { stale }] of [...entry.sightings]) if (stale) entry.sightings.delete(key)
      this.#tell(uuid, entry)
    }
  }

  #tell(uuid: string, entry: Entry): void {
    const instance = instanceOf(uuid, entry)
    if (entry.sightings.size === 0) this.#entries.delete(uuid)
    if (!this.#telling) return
    const telling = instance === null ? '' : JSON.stringify(instance)
    if (telling === entry.told) return
    entry.told = telling
    if (instance === null) this.#listener.down(uuid)
    else this.#listener.up(instance)
  }
}

function keyOf({ interfaceIndex, family }: { interfaceIndex: number; family: 4 | 6 }): string {
  return `${interfaceIndex}/${family}`
}

/** The instance that an entry's sightings make; null where none has an address. */
function instanceOf(uuid: string, entry: Entry): Instance | null {
  const sightings = [...entry.sightings.values()]
  const fresh = sightings.filter((sighting) => !sighting.stale)
  const [latest] = (fresh.length > 0 ? fresh : [...sightings]).sort((a, b) => b.turn - a.turn)
  const paths = new Map<string, Path>()
  for (const path of sightings.flatMap((sighting) => sighting.paths)) {
    if (paths.size < MAX_PATHS) paths.set(`${path.interfaceIndex} ${path.address}`, path)
  }
  if (latest === undefined || paths.size === 0) return null
  const { host, port, txt } = latest
  return { uuid, host, port, txt, paths: [...paths.values()] }
}

/** What is kept of what was found. */
function sightingOf(found: Found, turn: number, interfaces: Interfaces): Sighting {
  const { host, port, txt } = found
  return { host: shownHost(host), port, txt: parseTxt(txt), paths: pathsOf(found, interfaces), turn, stale: false }
}

function pathsOf({ addresses, interfaceIndex, origin }: Found, interfaces: Interfaces): Path[] {
  const paths: Path[] = []
  for (const scoped of addresses) {
    const address = splitScope(scoped).bare
    const family = isIP(address)
    if ((family !== 4 && family !== 6) || !isHost(address, interfaceIndex, interfaces)) continue
    // Another machine that announces an address of ours would have this service dial whatever listens there.
    if (origin === 'another machine' && !isLoopback(address) && isOwn(address, interfaces)) continue
    if (paths.length < MAX_PATHS) paths.push({ interfaceIndex, family, address })
  }
  return paths
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535
}
