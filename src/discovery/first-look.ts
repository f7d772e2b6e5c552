import type { RemoteInfo, Socket } from 'node:dgram'
import { encode } from 'dns-packet'
import type { InterfaceAddress } from '../addon.js'
import { isOwn, splitScope } from '../network.js'
import { trace } from '../trace.js'
import { ANSWER_LIMITS, AnswerCounts } from './answer-limits.js'
import type { Instance } from './discovery.js'
import { decodeMessage, instancesIn } from './first-answer.js'
import { PacedWork } from './paced-work.js'

/** The multicast DNS group and port (RFC 6762 §3). */
const PORT = 5353
const GROUPS = { 4: '224.0.0.251', 6: 'ff02::fb' } as const
/** When a service that starts asks, in milliseconds: the intervals grow by a factor of at least two (RFC 6762 §5.2). */
export const AT_FIRST_MS = [0, 1000, 3000]
/** Milliseconds after which a look ends: later answers are not expected. */
const OVER_AFTER_MS = 5000
/** The reading of answers, of all looks of this thread together. */
const reading = new PacedWork({ msPerTurn: 10, maxWaiting: 1024 })

export interface FirstLookOptions {
  /** The cluster's name. */
  readonly name: string
  /** Our own uuid, which is no hint; null where the look is to find out whether it is taken, by whatever host. */
  readonly uuid: string | null
  /** The addresses of the interfaces to ask on: all that the service uses. */
  readonly interfaces: readonly InterfaceAddress[]
  /** When the question is asked, in milliseconds from now. */
  readonly askAtMs: readonly number[]
  /** Called once for each instance that answers, from the event loop; not after close. */
  readonly onHint: (instance: Instance) => void
  /** What paces the reading of answers. Default: all looks of this thread together read for 10 ms a turn. */
  readonly reading?: Pick<PacedWork, 'do'>
}

/**
 * One-shot multicast DNS queries (RFC 6762 §5.1), as when a service starts: who is there is answered by unicast within
 * milliseconds, while the daemon's own browse still waits. What is answered is a hint: it may be wrong without harm.
 */
export class FirstLook {
  readonly #options: FirstLookOptions
  readonly #question: Buffer
  readonly #type: string
  readonly #sockets = new Set<Socket>()
  readonly #timers: NodeJS.Timeout[] = []
  readonly #hinted = new Set<string>()
  readonly #counts = new AnswerCounts(ANSWER_LIMITS)

  constructor(options: FirstLookOptions) {
    this.#options = options
    if (options.uuid !== null) this.#hinted.add(options.uuid)
    this.#type = `_${options.name}._tcp.local`
    this.#question = encode({ type: 'query', id: 0, questions: [{ type: 'PTR', name: this.#type }] })
    for (const { entry, family } of oneEach(options.interfaces)) this.#ask(entry, family)
    this.#timers.push(setTimeout(() => this.close(), OVER_AFTER_MS))
  }

  /** Ends it. Idempotent. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    for (const socket of this.#sockets) socket.close()
    this.#sockets.clear()
  }

  #ask(entry: InterfaceAddress, family: 4 | 6): void {
    const { createSocket } = process.getBuiltinModule('node:dgram')
    const socket = createSocket(family === 4 ? 'udp4' : 'udp6')
    this.#sockets.add(socket)
    const giveUp = (error: Error) => {
      trace('no first look on %s over IPv%d: %s', entry.name, family, error.message)
      if (this.#sockets.delete(socket)) socket.close()
    }
    socket.on('error', giveUp)
    socket.on('message', (message, from) => this.#onMessage(message, from, entry.index))
    // Not shared by the workers of node:cluster: each reads the answers to its own question.
    socket.bind({ port: 0, exclusive: true }, () => {
      if (!this.#sockets.has(socket)) return
      try {
        socket.setMulticastInterface(family === 4 ? entry.address : `::%${entry.name}`)
        socket.setMulticastTTL(255)
      } catch (error) {
        return giveUp(error as Error)
      }
      const group = family === 4 ? GROUPS[4] : `${GROUPS[6]}%${entry.name}`
      for (const delay of this.#options.askAtMs)
        this.#timers.push(setTimeout(() => this.#send(socket, group, giveUp), delay))
    })
  }

  #send(socket: Socket, group: string, giveUp: (error: Error) => void): void {
    if (!this.#sockets.has(socket)) return
    socket.send(this.#question, PORT, group, (error) => {
      if (error !== null) giveUp(error)
    })
  }

  #onMessage(message: Buffer, from: RemoteInfo, interfaceIndex: number): void {
    // RFC 6762 §6: a message from another port is no answer.
    if (from.port !== PORT || !this.#counts.takeMessage(from.address, message.length))
      return trace('ignored an answer of %d bytes from %s port %d', message.length, from.address, from.port)
    const isTaken = (this.#options.reading ?? reading).do(() => this.#readHints(message, from, interfaceIndex))
    if (!isTaken) trace('ignored an answer from %s: too many wait to be read', from.address)
  }

  #readHints(message: Buffer, from: RemoteInfo, interfaceIndex: number): void {
    if (this.#sockets.size === 0 || !this.#counts.hasTime) return
    const start = performance.now()
    try {
      for (const instance of this.#read(message, from, interfaceIndex)) this.#hint(instance, from.address)
    } finally {
      this.#counts.addWork(performance.now() - start)
    }
  }

  #read(message: Buffer, from: RemoteInfo, interfaceIndex: number): Instance[] {
    try {
      const fromThisMachine = isOwn(splitScope(from.address).bare)
      const anyAddress = this.#options.uuid === null
      return instancesIn(decodeMessage(message), { type: this.#type, interfaceIndex, fromThisMachine, anyAddress })
    } catch (error) {
      trace('ignored an answer from %s that is no DNS message: %j', from.address, (error as Error).message)
      return []
    }
  }

  #hint(instance: Instance, sender: string): void {
    if (this.#hinted.has(instance.uuid) || this.#sockets.size === 0 || !this.#counts.takeHint(sender)) return
    this.#hinted.add(instance.uuid)
    trace('%s: first seen at %j port %d', instance.uuid, instance.host, instance.port)
    this.#options.onHint(instance)
  }
}

/** One address of each interface and family. */
function oneEach(addresses: readonly InterfaceAddress[]): { entry: InterfaceAddress; family: 4 | 6 }[] {
  const chosen = new Map<string, { entry: InterfaceAddress; family: 4 | 6 }>()
  for (const entry of addresses) {
    const key = `${entry.index}/${entry.family}`
    if (!chosen.has(key)) chosen.set(key, { entry, family: entry.family })
  }
  return [...chosen.values()]
}
