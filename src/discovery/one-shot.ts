import type { RemoteInfo, Socket } from 'node:dgram'
import { encode, type Question } from 'dns-packet'
import type { InterfaceAddress } from '../addon.js'
import { isOwn, splitScope } from '../net/addresses.js'
import { scopeOf } from '../net/interfaces.js'
import { trace } from '../trace.js'
import { ANSWER_LIMITS, AnswerCounts } from './answer-limits.js'
import type { Instance } from './discovery.js'
import { decodeMessage, instancesIn } from './first-answer.js'
import { PacedWork } from './paced-work.js'

/** The multicast DNS group and port (RFC 6762 §3). */
const PORT = 5353
const GROUPS = { 4: '224.0.0.251', 6: 'ff02::fb' } as const
/** Brings the SRV, TXT, A and AAAA records in one answer. The package encodes it, its types do not know it. */
const ANY = 'ANY' as Question['type']
/**
 * Milliseconds after which the question is asked over IPv6, once, on an interface that has IPv4, too. A host that has both
 * answers to IPv4 with the addresses of both, and its second answer would only delay the dials.
 */
const SECOND_FAMILY_MS = 100
const ONCE: readonly number[] = [0]
/** The longest answer that is remembered, in bytes: what fits into a packet of Ethernet. */
const MAX_REMEMBERED_BYTES = 1500
/** The reading of answers, to all queries of this thread together. */
const reading = new PacedWork({ msPerTurn: 10, maxWaiting: 1024 })

export interface OneShotOptions {
  /** The cluster's name. */
  readonly name: string
  /** The instance that is asked for; null for all of the cluster. */
  readonly uuid: string | null
  /** The addresses of the interfaces to ask on: all that the service uses. */
  readonly interfaces: readonly InterfaceAddress[]
  /** When the question is asked, in milliseconds from now. */
  readonly askAtMs: readonly number[]
  /** Whether a question that was sent is asked once more, at the later ones of these times. Default: it is. */
  readonly asksAgain?: () => boolean
  /** Milliseconds after which the query ends: later answers are not expected. */
  readonly overAfterMs: number
  /** Called when that time is over; not after close. */
  readonly onOver?: () => void
  /** Whether an address counts that is not on the link: where it is not dialed. */
  readonly anyAddress?: boolean
  /** Whether an instance is of use. */
  readonly wants: (uuid: string) => boolean
  /** Called for each instance in each answer that is wanted, from the event loop; not after close. */
  readonly onInstance: (instance: Instance) => void
  /** Where answers wait to be read; by default that of this thread. */
  readonly reading?: Pick<PacedWork, 'do'>
}

/**
 * A one-shot multicast DNS query (RFC 6762 §5.1) on several interfaces: answered by unicast within milliseconds, by the
 * hosts themselves and not out of a cache. Answers are untrusted, and what is read of them is bounded.
 */
export class OneShotQuery {
  readonly #options: OneShotOptions
  readonly #question: Buffer
  readonly #type: string
  readonly #sockets = new Set<Socket>()
  readonly #timers: NodeJS.Timeout[] = []
  /** Asks once more, on each interface. */
  readonly #asks = new Set<() => void>()
  /** The latest answer of each sender. */
  readonly #latest = new Map<string, Buffer>()
  readonly #counts = new AnswerCounts(ANSWER_LIMITS)
  /** By interface and family, whether the question was sent there, or why it was not. */
  readonly #sent = new Map<string, true | string>()

  constructor(options: OneShotOptions) {
    this.#options = options
    this.#type = `_${options.name}._tcp.local`
    const { uuid } = options
    const question: Question =
      uuid === null ? { type: 'PTR', name: this.#type } : { type: ANY, name: `${uuid}.${this.#type}` }
    this.#question = encode({ type: 'query', id: 0, questions: [question] })
    const { interfaces, askAtMs } = options
    for (const entry of oneEach(interfaces)) {
      if (isSecond(entry, interfaces)) this.#timers.push(setTimeout(() => this.#ask(entry, ONCE), SECOND_FAMILY_MS))
      else this.#ask(entry, askAtMs)
    }
    this.#timers.push(setTimeout(this.#onOver, options.overAfterMs))
  }

  /** The service type that it asks for: `_my-cluster._tcp.local`. */
  get type(): string {
    return this.#type
  }

  /** Where it was asked, and where it could not be: `eth0 over IPv4, eth0 over IPv6 (not sent: ENETUNREACH)`. */
  get places(): string {
    const places = [...this.#sent].map(([place, sent]) => (sent === true ? place : `${place} (not sent: ${sent})`))
    return places.length === 0 ? 'no interface' : places.join(', ')
  }

  /** Asks once more, now. */
  askAgain(): void {
    for (const ask of this.#asks) ask()
  }

  /** Ends it. Idempotent. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    for (const socket of this.#sockets) socket.close()
    this.#sockets.clear()
  }

  readonly #onOver = (): void => {
    this.close()
    this.#options.onOver?.()
  }

  #ask(entry: InterfaceAddress, askAtMs: readonly number[]): void {
    const { family } = entry
    const { createSocket } = process.getBuiltinModule('node:dgram')
    const socket = createSocket(family === 4 ? 'udp4' : 'udp6')
    this.#sockets.add(socket)
    const place = `${entry.name} over IPv${family}`
    const giveUp = (error: NodeJS.ErrnoException) => {
      this.#sent.set(place, error.code ?? error.message)
      trace('nothing is asked on %s over IPv%d: %s', entry.name, family, error.message)
      if (this.#sockets.delete(socket)) socket.close()
    }
    socket.on('error', giveUp)
    socket.on('message', (message, from) => this.#onMessage(message, from, entry.index))
    // Not shared by the workers of node:cluster: each reads the answers to its own question.
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
      for (const delay of askAtMs) this.#timers.push(setTimeout(askUnlessDone, delay))
    })
  }

  /** A host that has just started has no address of its own to send from yet (RFC 4862 §5.4): the next time it may. */
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

  /** Whether an answer is the same as the sender's last one, to the question before: it says nothing new. */
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
        this.#tell(instance, from.address)
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

  #tell(instance: Instance, sender: string): void {
    if (this.#sockets.size === 0 || !this.#options.wants(instance.uuid) || !this.#counts.takeHint(sender)) return
    this.#options.onInstance(instance)
  }
}

/** One address of each interface and family. */
function oneEach(addresses: readonly InterfaceAddress[]): InterfaceAddress[] {
  const chosen = new Map<string, InterfaceAddress>()
  for (const entry of addresses) {
    const key = `${entry.index}/${entry.family}`
    if (!chosen.has(key)) chosen.set(key, entry)
  }
  return [...chosen.values()]
}

/** Whether an address is of IPv6 on an interface that has IPv4, too. */
function isSecond({ index, family }: InterfaceAddress, addresses: readonly InterfaceAddress[]): boolean {
  return family === 6 && addresses.some((other) => other.index === index && other.family === 4)
}
