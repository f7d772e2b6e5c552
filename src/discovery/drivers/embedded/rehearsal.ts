import type { RemoteInfo } from 'node:dgram'
import { PORT } from '../../../net/multicast-dns.js'
import type { Discovery } from '../../discovery.js'
import { PacedWork } from '../../paced-work.js'
import type { Clock } from './clock.js'
import { embeddedOver } from './embedded-discovery.js'
import { type MdnsSocket, SOCKET_SYSTEM } from './link-socket.js'
import { Network } from './network.js'

const NOTHING = (): void => {}

/** Time that passes as soon as there is nothing else to do. Waits of more than a second do not end: a rehearsal is over before. */
class FastClock implements Clock {
  #now = 0

  now(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): () => void {
    if (ms > 1000) return NOTHING
    const at = this.#now + ms
    const immediate = setImmediate(() => {
      this.#now = Math.max(this.#now, at)
      callback()
    })
    return () => clearImmediate(immediate)
  }

  random(): number {
    return 0
  }
}

/** Milliseconds after which a rehearsal ends even if it fails. */
const LONGEST_MS = 1000

/**
 * Two services, on two machines in memory, find each other once: V8 compiles most of the functions that the driver needs, before
 * peers wait for it. Nothing is sent, and when it has ended no timer and no state of it is left.
 *
 * @param done called with whether both services have found the other, when they are closed
 */
export function rehearse(done: (isComplete: boolean) => void = NOTHING): void {
  const segment = new Set<End>()
  const open: Discovery[] = []
  /** The services that have found the other. */
  const finders = new Set<string>()
  const end = () => {
    clearTimeout(deadline)
    void Promise.all(open.map((discovery) => discovery.close())).then(() => done(finders.size === 2))
  }
  const deadline = setTimeout(end, LONGEST_MS).unref()
  const start = (uuid: string, host: number, announced: () => void) => {
    const announcement = { ...ANNOUNCEMENT, uuid }
    const hint = () => {
      if (finders.add(uuid).size === 2) end()
    }
    open.push(embeddedOver(machine(host, segment))(announcement, { ...IGNORED, announced, hint }))
  }
  start('A', 1, () => start('B', 2, NOTHING))
}

const ANNOUNCEMENT = { name: 'rehearsal', probe: false, port: 1, txt: { v: '1' }, interfaceIndex: 0, address: null }
const IGNORED = { failed: NOTHING, seen: NOTHING, gone: NOTHING, online: NOTHING, offline: NOTHING }

/** The network of a machine that has one interface. */
function machine(host: number, segment: Set<End>): Network {
  const addresses = { 4: `192.0.2.${host}`, 6: `fe80::${host}` }
  const one = { index: 1, name: 'a', loopback: false, up: true }
  const entries = [
    { ...one, family: 4, address: addresses[4], prefixLength: 24 },
    { ...one, family: 6, address: addresses[6], prefixLength: 64 }
  ] as const
  return new Network({
    clock: new FastClock(),
    interfaces: { list: () => entries, everyMs: 60_000 },
    openAfterMs: { alone: 0, met: 0 },
    reading: new PacedWork({ msPerTurn: 3, maxWaiting: 64 }),
    system: {
      ...SOCKET_SYSTEM,
      createSocket: (family, onMessage) => new End(segment, family, addresses[family], onMessage)
    }
  })
}

/** A socket in memory. */
class End implements MdnsSocket {
  readonly #segment: Set<End>
  readonly #family: 4 | 6
  readonly #address: string
  readonly #onMessage: (bytes: Buffer, from: RemoteInfo) => void

  constructor(segment: Set<End>, family: 4 | 6, address: string, onMessage: (bytes: Buffer, from: RemoteInfo) => void) {
    this.#segment = segment
    this.#family = family
    this.#address = address
    this.#onMessage = onMessage
  }

  bind(_options: object, done: () => void): void {
    this.#segment.add(this)
    setImmediate(done)
  }

  send(message: Buffer, _port: number, _address: string, done: (error: Error | null) => void): void {
    const from: RemoteInfo = {
      address: this.#address,
      family: this.#family === 4 ? 'IPv4' : 'IPv6',
      port: PORT,
      size: message.length
    }
    setImmediate(() => {
      for (const end of this.#segment) if (end !== this && end.#family === this.#family) end.#onMessage(message, from)
      done(null)
    })
  }

  close(): void {
    this.#segment.delete(this)
  }

  on(): void {}
  unref(): void {}
  addMembership(): void {}
  setMulticastInterface(): void {}
  setMulticastTTL(): void {}
  setTTL(): void {}
  setMulticastLoopback(): void {}
}
