import type { RemoteInfo, Socket } from 'node:dgram'
import { createSocket } from 'node:dgram'
import { encode, type Question } from 'dns-packet'
import type { InterfaceAddress } from '../../addon.js'
import { ANSWER_LIMITS, AnswerCounts } from '../../discovery/answer-limits.js'
import { type DnsMessage, decodeMessage } from '../../discovery/dns-reader.js'
import { interfacesWith, splitScope } from '../../net/addresses.js'
import { GROUPS, oneEach, PORT } from '../../net/multicast-dns.js'

/** Questions in one packet: as many as fit, with names of full length, in a packet that is not cut into fragments. */
const QUESTIONS_PER_PACKET = 15
/** Milliseconds for which the limits of what is read hold. */
const COUNTS_MS = 60_000

/** By which way something is asked, or heard: to one's own port, or to the group's port 5353. */
export type Way = 'unicast' | 'multicast'

/** A message that has arrived. */
export interface Heard {
  readonly packet: DnsMessage
  /** Its source, without scope, and its port. */
  readonly from: string
  readonly fromPort: number
  readonly interfaceName: string
  readonly interfaceIndex: number
  readonly by: Way
}

/** Something that the system refuses. */
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
  readonly onHeard: (heard: Heard) => void
  readonly onTrouble?: (trouble: Trouble) => void
}

/** A socket on one interface. */
interface Ear {
  readonly socket: Socket
  readonly by: Way
  readonly entry: InterfaceAddress
  readonly family: 4 | 6
  readonly group: string
}

/**
 * Multicast DNS questions on several interfaces, of two kinds. One-shot queries from a port of one's own are answered by unicast
 * within milliseconds (RFC 6762 §5.1), by Avahi with up to 512 bytes. Questions from port 5353 are answered by multicast, after up
 * to 120 ms and with all there is; beside them everything is heard that others tell. The socket for these is bound to the
 * group, so that it takes no unicast of a daemon on this host.
 */
export class Inquiry {
  /** Resolves when every socket is ready, or has failed. Never rejects. */
  readonly ready: Promise<void>
  readonly #options: InquiryOptions
  readonly #ears = new Set<Ear>()
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

  /** Asks on every interface, by one way or both. */
  ask(questions: readonly Question[], ways: readonly Way[] = ['unicast', 'multicast']): void {
    for (let at = 0; at < questions.length; at += QUESTIONS_PER_PACKET) {
      const packet = encode({ type: 'query', id: 0, questions: questions.slice(at, at + QUESTIONS_PER_PACKET) })
      for (const ear of this.#ears) if (ways.includes(ear.by)) this.#send(ear, packet, ear.group)
    }
  }

  /** Asks one address directly (RFC 6762 §5.5), on the interface of that index. */
  askAt(address: string, interfaceIndex: number, questions: readonly Question[]): void {
    const packet = encode({ type: 'query', id: 0, questions: [...questions] })
    const family = address.includes(':') ? 6 : 4
    for (const ear of this.#ears)
      if (ear.by === 'unicast' && ear.family === family && ear.entry.index === interfaceIndex)
        this.#send(ear, packet, address)
  }

  /** Ends it. Idempotent. */
  close(): void {
    clearInterval(this.#renewal)
    for (const { socket } of this.#ears) socket.close()
    this.#ears.clear()
  }

  async #open(entry: InterfaceAddress, by: Way): Promise<void> {
    const { family, name } = entry
    const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', reuseAddr: by === 'multicast' })
    const group = family === 4 ? GROUPS[4] : `${GROUPS[6]}%${name}`
    const ear: Ear = { socket, by, entry, family, group }
    this.#ears.add(ear)
    await new Promise<void>((resolve) => {
      socket.on('error', (error) => {
        this.#drop(ear, 'bind', error)
        resolve()
      })
      socket.on('message', (message, from) => this.#onMessage(ear, message, from))
      const port = by === 'unicast' ? {} : { port: PORT, address: group }
      socket.bind({ ...port, exclusive: true }, () => {
        this.#join(ear)
        resolve()
      })
    })
  }

  #join(ear: Ear): void {
    const { socket, family, entry, by } = ear
    if (!this.#ears.has(ear)) return
    const own = family === 4 ? entry.address : `::%${entry.name}`
    try {
      socket.setMulticastInterface(own)
      socket.setMulticastTTL(255)
      if (by === 'multicast') socket.addMembership(GROUPS[family], own)
    } catch (error) {
      this.#drop(ear, 'bind', error as Error)
    }
  }

  #send(ear: Ear, packet: Buffer, address: string): void {
    ear.socket.send(packet, PORT, address, (error) => {
      if (error !== null && this.#ears.has(ear)) this.#tellTrouble(ear, 'send', error)
    })
  }

  #drop(ear: Ear, step: Trouble['step'], error: Error): void {
    if (!this.#ears.delete(ear)) return
    ear.socket.close()
    this.#tellTrouble(ear, step, error)
  }

  #tellTrouble({ entry, family, by }: Ear, step: Trouble['step'], error: Error): void {
    this.#options.onTrouble?.({ interfaceName: entry.name, family, by, step, error })
  }

  #onMessage({ entry, by }: Ear, message: Buffer, { address, port }: RemoteInfo): void {
    if (by === 'unicast' && port !== PORT) return
    const from = splitScope(address).bare
    // A socket that is bound to the group gets what arrives on any interface: the source tells on which (RFC 6762 §11).
    if (by === 'multicast' && entry.family === 4 && !this.#mayComeFrom(from, entry.index)) return
    if (!this.#counts.takeMessage(from, message.length)) return
    const start = performance.now()
    try {
      const packet = decodeMessage(message)
      this.#options.onHeard({
        packet,
        from,
        fromPort: port,
        interfaceName: entry.name,
        interfaceIndex: entry.index,
        by
      })
    } catch {
      // No DNS message.
    } finally {
      this.#counts.addWork(performance.now() - start)
    }
  }

  /** Whether a source is in a subnet of an interface, or in none of any. */
  #mayComeFrom(address: string, index: number): boolean {
    const { byIndex } = this.#subnets
    if (byIndex.get(index)?.subnets.check(address, 'ipv4') === true) return true
    return ![...byIndex.values()].some(({ subnets }) => subnets.check(address, 'ipv4'))
  }
}
