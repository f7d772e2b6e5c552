import { trace } from '../../../trace.js'
import type { PacedWork } from '../../paced-work.js'
import { isPlausible, type Message, readMessage } from './messages.js'

/** Messages of one sender that may wait to be read: so a flood of one host leaves room for others. */
const MAX_WAITING_OF_SENDER = 64
/** Messages that are remembered as they were read, and the longest of them, in bytes: most come over both families, or twice in a second. */
const [MAX_REMEMBERED, MAX_REMEMBERED_BYTES] = [64, 1500]

/**
 * Messages that have arrived and are to be read: a few milliseconds of work in a turn of the event loop, and as few of them as
 * need be. All packets are untrusted.
 */
export class Inbox {
  readonly #reading: Pick<PacedWork, 'do'>
  /** The first labels of the service types that are of interest: `_my-cluster`. */
  readonly #labels = new Set<string>(['_dns-sd'])
  readonly #remembered: { readonly bytes: Buffer; readonly message: Message }[] = []
  /** How many messages of a sender wait. */
  readonly #waiting = new Map<string, number>()

  /** @param reading where messages wait to be read */
  constructor(reading: Pick<PacedWork, 'do'>) {
    this.#reading = reading
  }

  /** Messages about a service type are of interest from now on: `_my-cluster._tcp.local`. */
  watch(type: string): void {
    this.#labels.add(labelOf(type))
  }

  unwatch(type: string): void {
    this.#labels.delete(labelOf(type))
  }

  /** Whether a message may be of use: the others of a network, about printers and the like, are not even decoded. */
  wants(bytes: Buffer): boolean {
    return isPlausible(bytes) && !this.#isForOthers(bytes)
  }

  /** Reads a message when its turn comes; `done` is called with it, unless it is none. */
  read(bytes: Buffer, sender: string, done: (message: Message) => void): void {
    const waiting = this.#waiting.get(sender) ?? 0
    if (waiting >= MAX_WAITING_OF_SENDER) return trace('ignored a message of %s: too many wait', sender)
    this.#waiting.set(sender, waiting + 1)
    const isTaken = this.#reading.do(() => {
      this.#leave(sender)
      const message = this.#read(bytes, sender)
      if (message !== null) done(message)
    })
    if (!isTaken) this.#leave(sender)
  }

  #read(bytes: Buffer, sender: string): Message | null {
    const known = this.#remembered.find((one) => one.bytes.length === bytes.length && one.bytes.equals(bytes))
    if (known !== undefined) return known.message
    const message = decoded(bytes, sender)
    if (message === null || bytes.length > MAX_REMEMBERED_BYTES) return message
    if (this.#remembered.length >= MAX_REMEMBERED) this.#remembered.shift()
    this.#remembered.push({ bytes, message })
    return message
  }

  #leave(sender: string): void {
    const waiting = (this.#waiting.get(sender) ?? 0) - 1
    if (waiting > 0) this.#waiting.set(sender, waiting)
    else this.#waiting.delete(sender)
  }

  /** Whether it is about service types, and none of ours. Labels are in a message at least once as they are (RFC 1035 §4.1.4). */
  #isForOthers(bytes: Buffer): boolean {
    const text = bytes.toString('latin1').toLowerCase()
    if (!text.includes('_tcp') && !text.includes('_udp')) return false
    for (const label of this.#labels) if (text.includes(label)) return false
    return true
  }
}

function labelOf(type: string): string {
  return type.slice(0, type.indexOf('.'))
}

function decoded(bytes: Buffer, sender: string): Message | null {
  try {
    return readMessage(bytes)
  } catch (error) {
    trace('ignored a message of %s that is no DNS message: %j', sender, (error as Error).message)
    return null
  }
}
