import type { RemoteInfo, Socket } from 'node:dgram'
import { createSocket } from 'node:dgram'
import type { InterfaceAddress } from '../../addon.js'
import { ANSWER_LIMITS, AnswerCounts } from '../../discovery/answer-limits.js'
import { type DnsMessage, decodeMessage } from '../../discovery/dns-reader.js'
import { encodeQuery, type QueryQuestion } from '../../discovery/dns-writer.js'
import { interfacesWith, splitScope } from '../../net/addresses.js'
import { GROUPS, oneEach, PORT } from '../../net/multicast-dns.js'

/** The most questions in one packet: with the longest names they fit without fragmentation. */
const QUESTIONS_PER_PACKET = 15
/** The period, in milliseconds, of the limits for reading. */
const COUNTS_MS = 60_000

/** How a question is asked, or a message received: from and at an ephemeral port, or at port 5353 of the group. */
export type Way = 'unicast' | 'multicast'

/** A received message. */
export interface ReceivedMessage {
  readonly packet: DnsMessage
  /** The source address, without scope. */
  readonly from: string
  readonly fromPort: number
  readonly interfaceName: string
  readonly interfaceIndex: number
  readonly by: Way
}

/** A failed system call. */
export interface Trouble {
  readonly interfaceName: string
  readonly family: 4 | 6
  readonly by: Way
  readonly step: 'bind' | 'send'
  readonly error: NodeJS.ErrnoException
}

export interface InquiryOptions {
  /** The addresses of the interfaces to ask on. */
  readonly interfaces: readonly InterfaceAddress[]
  readonly onMessage: (message: ReceivedMessage) => void
  readonly onTrouble?: (trouble: Trouble) => void
}

/** A socket on one interface. */
interface InquirySocket {
  readonly socket: Socket
  readonly by: Way
  readonly entry: InterfaceAddress
  readonly family: 4 | 6
  readonly group: string
}

/**
 * Asks multicast DNS questions on several interfaces, in two ways. One-shot queries from an ephemeral port are answered
 * by unicast within milliseconds (RFC 6762 §5.1), by Avahi with at most 512 bytes. Questions from port 5353 are
 * answered by multicast, after up to 120 ms and completely; their sockets receive all other multicast DNS messages as
 * well. They are bound to the group, so that they do not receive the unicast of a daemon on this host.
 */
export class Inquiry {
  /** Resolves when every socket is ready, or has failed. Never rejects. */
  readonly ready: Promise<void>
  readonly #options: InquiryOptions
  readonly #sockets = new Set<InquirySocket>()
  readonly #subnets: ReturnType<typeof interfacesWith>
  #counts = new AnswerCounts(ANSWER_LIMITS)
  readonly #renewal = setInterval(() => {
    this.#counts = new AnswerCounts(ANSWER_LIMITS)
  }, COUNTS_MS).unref()

  constructor(options: InquiryOptions) {
    this.#options = options
    this.#subnets = interfacesWith(options.interfaces)
    const opened = oneEach(options.interfaces).flatMap((entry) => [
      this.#open(entry, 'unicast'),
      this.#open(entry, 'multicast')
    ])
    this.ready = Promise.all(opened).then(() => {})
  }

  /** Asks on every interface, in one way or both. */
  ask(questions: readonly QueryQuestion[], ways: readonly Way[] = ['unicast', 'multicast']): void {
    for (let at = 0; at < questions.length; at += QUESTIONS_PER_PACKET) {
      const packet = encodeQuery(questions.slice(at, at + QUESTIONS_PER_PACKET))
      for (const one of this.#sockets) if (ways.includes(one.by)) this.#send(one, packet, one.group)
    }
  }

  /** Asks one address directly (RFC 6762 §5.5), on the interface with that index. */
  askAt(address: string, interfaceIndex: number, questions: readonly QueryQuestion[]): void {
    const packet = encodeQuery(questions)
    const family = address.includes(':') ? 6 : 4
    for (const one of this.#sockets)
      if (one.by === 'unicast' && one.family === family && one.entry.index === interfaceIndex)
        this.#send(one, packet, address)
  }

  /** Ends it. Idempotent. */
  close(): void {
    clearInterval(this.#renewal)
    for (const { socket } of this.#sockets) socket.close()
    this.#sockets.clear()
  }

  async #open(entry: InterfaceAddress, by: Way): Promise<void> {
    const { family, name } = entry
    const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', reuseAddr: by === 'multicast' })
    const group = family === 4 ? GROUPS[4] : `${GROUPS[6]}%${name}`
    const one: InquirySocket = { socket, by, entry, family, group }
    this.#sockets.add(one)
    await new Promise<void>((resolve) => {
      socket.on('error', (error) => {
        this.#drop(one, 'bind', error)
        resolve()
      })
      socket.on('message', (message, from) => this.#onMessage(one, message, from))
      const port = by === 'unicast' ? {} : { port: PORT, address: group }
      socket.bind({ ...port, exclusive: true }, () => {
        this.#join(one)
        resolve()
      })
    })
  }

  #join(one: InquirySocket): void {
    const { socket, family, entry, by } = one
    if (!this.#sockets.has(one)) return
    const own = family === 4 ? entry.address : `::%${entry.name}`
    try {
      socket.setMulticastInterface(own)
      socket.setMulticastTTL(255)
      if (by === 'multicast') socket.addMembership(GROUPS[family], own)
    } catch (error) {
      this.#drop(one, 'bind', error as Error)
    }
  }

  #send(one: InquirySocket, packet: Buffer, address: string): void {
    one.socket.send(packet, PORT, address, (error) => {
      if (error !== null && this.#sockets.has(one)) this.#reportTrouble(one, 'send', error)
    })
  }

  #drop(one: InquirySocket, step: Trouble['step'], error: Error): void {
    if (!this.#sockets.delete(one)) return
    one.socket.close()
    this.#reportTrouble(one, step, error)
  }

  #reportTrouble({ entry, family, by }: InquirySocket, step: Trouble['step'], error: Error): void {
    this.#options.onTrouble?.({ interfaceName: entry.name, family, by, step, error })
  }

  #onMessage({ entry, by }: InquirySocket, message: Buffer, { address, port }: RemoteInfo): void {
    if (by === 'unicast' && port !== PORT) return
    const from = splitScope(address).bare
    // A socket that is bound to an IPv4 group receives the messages of all interfaces: the source shows which (RFC 6762
    // §11).
    if (by === 'multicast' && entry.family === 4 && !this.#mayComeFrom(from, entry.index)) return
    if (!this.#counts.takeMessage(from, message.length)) return
    const start = performance.now()
    try {
      const packet = decodeMessage(message)
      this.#options.onMessage({
        packet,
        from,
        fromPort: port,
        interfaceName: entry.name,
        interfaceIndex: entry.index,
        by
      })
    } catch {
      // Not a DNS message.
    } finally {
      this.#counts.addWork(performance.now() - start)
    }
  }

  /** Whether an address is in a subnet of the interface, or in no subnet of any interface. */
  #mayComeFrom(address: string, index: number): boolean {
    const { byIndex } = this.#subnets
    if (byIndex.get(index)?.subnets.has(address) === true) return true
    return ![...byIndex.values()].some(({ subnets }) => subnets.has(address))
  }
}
