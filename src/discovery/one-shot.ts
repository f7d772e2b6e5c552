import type { RemoteInfo, Socket } from 'node:dgram'
import type { InterfaceAddress } from '../addon.js'
import { isOwn, splitScope } from '../net/addresses.js'
import { scopeOf } from '../net/interfaces.js'
import { GROUPS, oneEach, PORT } from '../net/multicast-dns.js'
import { trace } from '../trace.js'
import { ANSWER_LIMITS, AnswerCounts, LOCATE_LIMITS } from './answer-limits.js'
import type { Instance } from './discovery.js'
import { instancesIn } from './dns-message.js'
import { decodeMessage } from './dns-reader.js'
import { encodeQuery } from './dns-writer.js'
import { PacedWork } from './paced-work.js'

/**
 * Milliseconds after which the question is asked over IPv6, once, on an interface that has IPv4 as well. A host with both
 * families answers over IPv4 with its addresses of both; a second answer at the same time would only delay the dials.
 */
const SECOND_FAMILY_MS = 100
const ONCE: readonly number[] = [0]
/** The longest answer that is remembered, in bytes: the payload of an Ethernet frame. */
const MAX_REMEMBERED_BYTES = 1500
/** Reads the answers to all queries of this thread. */
const reading = new PacedWork({ msPerTurn: 10, maxWaiting: 1024 })

export interface OneShotOptions {
  /** The cluster's name. */
  readonly name: string
  /** The instance to ask for; null for all instances of the cluster. */
  readonly uuid: string | null
  /** The addresses of the interfaces to ask on: all those that the service uses. */
  readonly interfaces: readonly InterfaceAddress[]
  /** When the question is asked, in milliseconds from now. */
  readonly askAtMs: readonly number[]
  /** Whether the question is repeated at the later ones of these times, once it was sent. Default: true. */
  readonly asksAgain?: () => boolean
  /** Whether the question is sent over an interface's second family, when that is due. Default: true. */
  readonly asksSecondFamily?: () => boolean
  /** Milliseconds after which the query ends; no answer is expected after that. */
  readonly overAfterMs: number
  /** Called when the query has ended; not after close. */
  readonly onOver?: () => void
  /** Whether to include addresses that are not on the link, if the instance will not be dialed. */
  readonly anyAddress?: boolean
  /** Whether an instance is wanted. */
  readonly wants: (uuid: string) => boolean
  /** Called for each wanted instance in each answer, from the event loop; not after close. */
  readonly onInstance: (instance: Instance) => void
  /** Paces the reading of answers; default: that of this thread. */
  readonly reading?: Pick<PacedWork, 'do'>
}

/**
 * A one-shot multicast DNS query (RFC 6762 §5.1) on several interfaces: the hosts themselves answer, by unicast, within
 * milliseconds, and not a cache. Answers are untrusted, and what is read of them is bounded.
 */
export class OneShotQuery {
  readonly #options: OneShotOptions
  readonly #question: Buffer
  readonly #type: string
  readonly #sockets = new Set<Socket>()
  readonly #timers: NodeJS.Timeout[] = []
  /** For each interface, a function that repeats the question. */
  readonly #asks = new Set<() => void>()
  /** The latest answer of each sender. */
  readonly #latest = new Map<string, Buffer>()
  readonly #counts: AnswerCounts
  /** By interface and family: true if the question was sent, or the reason why not. */
  readonly #sent = new Map<string, true | string>()

  constructor(options: OneShotOptions) {
    this.#options = options
    this.#type = `_${options.name}._tcp.local`
    const { uuid } = options
    this.#counts = new AnswerCounts(uuid === null ? ANSWER_LIMITS : LOCATE_LIMITS)
    // The SRV, TXT, A and AAAA records of one instance come in one answer.
    this.#question = encodeQuery([
      uuid === null ? { type: 'PTR', name: this.#type } : { type: 'ANY', name: `${uuid}.${this.#type}` }
    ])
    const { interfaces, askAtMs } = options
    for (const entry of oneEach(interfaces)) {
      if (isSecond(entry, interfaces)) this.#timers.push(setTimeout(() => this.#askSecond(entry), SECOND_FAMILY_MS))
      else this.#ask(entry, askAtMs)
    }
    this.#timers.push(setTimeout(this.#onOver, options.overAfterMs))
  }

  /** The service type of the question: `_my-cluster._tcp.local`. */
  get type(): string {
    return this.#type
  }

  /** Where the question was sent, and where not: `eth0 over IPv4, eth0 over IPv6 (not sent: ENETUNREACH)`. */
  get places(): string {
    const places = [...this.#sent].map(([place, sent]) => (sent === true ? place : `${place} (not sent: ${sent})`))
    return places.length === 0 ? 'no interface' : places.join(', ')
  }

  /** Repeats the question, now. */
  askAgain(): void {
    for (const ask of this.#asks) ask()
  }

  /** Ends the query. Idempotent. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    for (const socket of this.#sockets) socket.close()
    this.#sockets.clear()
  }

  readonly #onOver = (): void => {
    this.close()
    this.#options.onOver?.()
  }

  #askSecond(entry: InterfaceAddress): void {
    if (this.#options.asksSecondFamily?.() !== false) this.#ask(entry, ONCE)
  }

  #ask(entry: InterfaceAddress, askAtMs: readonly number[]): void {
    const { family } = entry
    const { createSocket } = process.getBuiltinModule('node:dgram')
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      // All addresses are numeric: without a lookup, the first question is sent within this call.
      lookup: (address, _options, found) => found(null, address, family)
    })
    this.#sockets.add(socket)
    const place = `${entry.name} over IPv${family}`
    const giveUp = (error: NodeJS.ErrnoException) => {
      this.#sent.set(place, error.code ?? error.message)
      trace('no query is sent on %s over IPv%d: %s', entry.name, family, error.message)
      if (this.#sockets.delete(socket)) socket.close()
    }
    socket.on('error', giveUp)
    socket.on('message', (message, from) => this.#onMessage(message, from, entry.index))
    // Not shared between the workers of node:cluster: each reads the answers to its own question.
    socket.bind({ port: 0, exclusive: true }, () => {
      if (!this.#sockets.has(socket)) return
      try {
        socket.setMulticastInterface(family === 4 ? entry.address : `::%${scopeOf(entry)}`)
        socket.setMulticastTTL(255)
      } catch (error) {
        return giveUp(error as Error)
      }
      const group = family === 4 ? GROUPS[4] : `${GROUPS[6]}%${scopeOf(entry)}`
      const onSent = (error: NodeJS.ErrnoException | null) => {
        if (error === null) this.#sent.set(place, true)
        else if (error.code !== 'EADDRNOTAVAIL') return giveUp(error)
        else if (this.#sent.get(place) !== true) this.#sent.set(place, error.code)
      }
      const ask = () => this.#send(socket, group, onSent)
      if (askAtMs !== ONCE) this.#asks.add(ask)
      const askUnlessDone = () => {
        if (this.#sent.get(place) !== true || this.#options.asksAgain?.() !== false) ask()
      }
      for (const delay of askAtMs) {
        // At once: a timer of no time takes a millisecond.
        if (delay === 0) askUnlessDone()
        else this.#timers.push(setTimeout(askUnlessDone, delay))
      }
    })
  }

  /**
   * May fail on a host that has just started, which has no usable source address yet (RFC 4862 §5.4); a repetition may succeed.
   */
  #send(socket: Socket, group: string, onSent: (error: Error | null) => void): void {
    if (this.#sockets.has(socket)) socket.send(this.#question, PORT, group, onSent)
  }

  #onMessage(message: Buffer, from: RemoteInfo, interfaceIndex: number): void {
    // RFC 6762 §6: a message from another port is no answer.
    if (from.port !== PORT || !this.#counts.takeMessage(from.address, message.length))
      return trace('ignored an answer of %d bytes from %s port %d', message.length, from.address, from.port)
    if (this.#isRepeated(message, from.address)) return
    const isTaken = (this.#options.reading ?? reading).do(() => this.#readInstances(message, from, interfaceIndex))
    if (!isTaken) trace('ignored an answer from %s: too many wait to be read', from.address)
  }

  /** Whether an answer is the same as the sender's last one. */
  #isRepeated(message: Buffer, sender: string): boolean {
    if (this.#latest.get(sender)?.equals(message) === true) return true
    if (message.length <= MAX_REMEMBERED_BYTES) this.#latest.set(sender, message)
    return false
  }

  #readInstances(message: Buffer, from: RemoteInfo, interfaceIndex: number): void {
    if (this.#sockets.size === 0 || !this.#counts.hasTime) return
    const start = performance.now()
    try {
      for (const instance of this.#read(message, from, interfaceIndex)) {
        this.#report(instance, from.address)
      }
    } finally {
      this.#counts.addWork(performance.now() - start)
    }
  }

  #read(message: Buffer, from: RemoteInfo, interfaceIndex: number): Instance[] {
    try {
      const fromThisMachine = isOwn(splitScope(from.address).bare)
      const { anyAddress = false } = this.#options
      return instancesIn(decodeMessage(message), { type: this.#type, interfaceIndex, fromThisMachine, anyAddress })
    } catch (error) {
      trace('ignored an answer from %s that is no DNS message: %j', from.address, (error as Error).message)
      return []
    }
  }

  #report(instance: Instance, sender: string): void {
    if (this.#sockets.size === 0 || !this.#options.wants(instance.uuid) || !this.#counts.takeHint(sender)) return
    this.#options.onInstance(instance)
  }
}

/** Whether an address is an IPv6 address on an interface that has IPv4 as well. */
function isSecond({ index, family }: InterfaceAddress, addresses: readonly InterfaceAddress[]): boolean {
  return family === 6 && addresses.some((other) => other.index === index && other.family === 4)
}
