import type { RemoteInfo } from 'node:dgram'
import { PORT } from '../../../net/multicast-dns.js'
import type { Discovery } from '../../discovery.js'
import { PacedWork } from '../../paced-work.js'
import type { Clock } from './clock.js'
import { embeddedOver } from './embedded-discovery.js'
import { type MdnsSocket, SOCKET_SYSTEM } from './link-socket.js'
import { Network } from './network.js'

const NOTHING = (): void => {}

/** Calls back in a later turn of the event loop. Returns a function that cancels it. */
type Later = (callback: () => void) => () => void

/**
 * A wait of up to one second ends in the next turn of the event loop, in the order in which the waits began. Longer waits never
 * end: the rehearsal is over by then.
 */
class FastClock implements Clock {
  readonly #later: Later
  #now = 0

  constructor(later: Later) {
    this.#later = later
  }

  now(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): () => void {
    if (ms > 1000) return NOTHING
    const at = this.#now + ms
    return this.#later(() => {
      this.#now = Math.max(this.#now, at)
      callback()
    })
  }

  random(): number {
    return 0
  }
}

/** Milliseconds after which a rehearsal ends even if it fails, or is held up by a busy process. */
const LONGEST_MS = 1000

/**
 * Two services, on two machines in memory, find each other once: V8 compiles most of the functions that the driver needs, before
 * peers wait for it. Nothing is sent, and when it has ended no timer and no state of it is left. An error in one of its own turns ends
 * it, and is not reported.
 *
 * @param done called with whether both services have found the other, when they are closed
 */
export function rehearseDriver(done: (isComplete: boolean) => void = NOTHING): void {
  // Some test environments (Jest's jsdom) have no setImmediate, and timers that are numbers. Others remove it when they end.
  const { setImmediate, clearImmediate, setTimeout, clearTimeout } = globalThis
  if (typeof setImmediate !== 'function') return done(false)
  const open: Discovery[] = []
  /** The services that have found the other. */
  const finders = new Set<string>()
  let isOver = false
  let deadline: NodeJS.Timeout | undefined
  const end = () => {
    if (isOver) return
    isOver = true
    clearTimeout(deadline)
    void Promise.allSettled(open.map((discovery) => discovery.close())).then(() => done(finders.size === 2))
  }
  deadline = setTimeout(end, LONGEST_MS)
  const later: Later = (callback) => {
    const immediate = setImmediate(() => {
      try {
        callback()
      } catch {
        end()
      }
    })
    return () => clearImmediate(immediate)
  }
  const segment = new Set<MemorySocket>()
  const start = (uuid: string, host: number, announced: () => void) => {
    const hint = () => {
      if (finders.add(uuid).size === 2) end()
    }
    const driver = embeddedOver(machine(host, segment, later))
    open.push(driver({ ...ANNOUNCEMENT, uuid }, { ...IGNORED, announced, hint }))
  }
  try {
    deadline.unref()
    start('A', 1, () => start('B', 2, NOTHING))
  } catch {
    end()
  }
}

const ANNOUNCEMENT = { name: 'rehearsal', probe: false, port: 1, txt: { v: '1' }, interfaceIndex: 0, address: null }
const IGNORED = { failed: NOTHING, seen: NOTHING, gone: NOTHING, online: NOTHING, offline: NOTHING }

/** The network of a machine that has one interface. */
function machine(host: number, segment: Set<MemorySocket>, later: Later): Network {
  const addresses = { 4: `192.0.2.${host}`, 6: `fe80::${host}` }
  const one = { index: 1, name: 'a', loopback: false, up: true }
  const entries = [
    { ...one, family: 4, address: addresses[4], prefixLength: 24 },
    { ...one, family: 6, address: addresses[6], prefixLength: 64 }
  ] as const
  return new Network({
    clock: new FastClock(later),
    interfaces: { list: () => entries, everyMs: 60_000 },
    openAfterMs: { alone: 0, met: 0 },
    reading: new PacedWork({ msPerTurn: 3, maxWaiting: 64 }),
    system: {
      ...SOCKET_SYSTEM,
      createSocket: (family, onMessage) =>
        new MemorySocket({ segment, family, address: addresses[family], later, onMessage })
    }
  })
}

interface MemorySocketOptions {
  /** The sockets that receive what this one sends, if they have its family. */
  readonly segment: Set<MemorySocket>
  readonly family: 4 | 6
  readonly address: string
  readonly later: Later
  readonly onMessage: (bytes: Buffer, from: RemoteInfo) => void
}

class MemorySocket implements MdnsSocket {
  readonly #options: MemorySocketOptions

  constructor(options: MemorySocketOptions) {
    this.#options = options
  }

  bind(_options: object, done: () => void): void {
    const { segment, later } = this.#options
    segment.add(this)
    later(done)
  }

  send(message: Buffer, _port: number, _address: string, done: (error: Error | null) => void): void {
    const { segment, family, address, later } = this.#options
    const from: RemoteInfo = { address, family: family === 4 ? 'IPv4' : 'IPv6', port: PORT, size: message.length }
    later(() => {
      for (const other of segment) if (other !== this) other.#receive(message, from)
      done(null)
    })
  }

  close(): void {
    this.#options.segment.delete(this)
  }

  #receive(message: Buffer, from: RemoteInfo): void {
    if (from.family === (this.#options.family === 4 ? 'IPv4' : 'IPv6')) this.#options.onMessage(message, from)
  }

  on(): void {}
  unref(): void {}
  addMembership(): void {}
  setMulticastInterface(): void {}
  setMulticastTTL(): void {}
  setTTL(): void {}
  setMulticastLoopback(): void {}
}
