import { trace } from '../../../trace.js'
import type { PacedWork } from '../../paced-work.js'
import { isPlausible, type Message, readMessage } from './messages.js'

/** The most messages of one sender that may wait to be read, so that a flood from one host leaves room for others. */
const MAX_WAITING_OF_SENDER = 64
/** How many decoded messages are cached, and the longest, in bytes: most are received over both families, or twice. */
const [MAX_REMEMBERED, MAX_REMEMBERED_BYTES] = [64, 1500]

/** The first label of the name under which service types are listed (RFC 6763 §9). */
const SERVICE_TYPES_LABEL = '_dns-sd'

/**
 * Decodes received messages, paced over turns of the event loop. Messages that cannot concern this process are not
 * decoded. All packets are untrusted.
 */
export class Inbox {
  readonly #reading: Pick<PacedWork, 'do'>
  /** The first labels of the service types that are of interest: `_my-cluster`. */
  readonly #labels = new Set([SERVICE_TYPES_LABEL])
  readonly #remembered: { readonly bytes: Buffer; readonly message: Message }[] = []
  /** How many messages of each sender wait. */
  readonly #waiting = new Map<string, number>()

  /** @param reading paces the reading */
  constructor(reading: Pick<PacedWork, 'do'>) {
    this.#reading = reading
  }

  /** Lets messages about a service type pass: `_my-cluster._tcp.local`. */
  watch(type: string): void {
    this.#labels.add(labelOf(type))
  }

  unwatch(type: string): void {
    const label = labelOf(type)
    if (label !== SERVICE_TYPES_LABEL) this.#labels.delete(label)
  }

  /** Whether a message may be of interest. Others, about printers and the like, are not even decoded. */
  wants(bytes: Buffer): boolean {
    return isPlausible(bytes) && !this.#isForOthers(bytes)
  }

  /** Reads a message when its turn comes. `done` is called with it, unless it is malformed or dropped. */
  read(bytes: Buffer, sender: string, done: (message: Message) => void): void {
    const waiting = this.#waiting.get(sender) ?? 0
    if (waiting >= MAX_WAITING_OF_SENDER)
      return trace('ignored a message from %s: too many of its messages wait', sender)
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

  /**
   * Whether a message concerns only service types that are not watched. It can be searched as bytes: even with
   * compression, each label occurs at least once in full (RFC 1035 §4.1.4).
   */
  #isForOthers(bytes: Buffer): boolean {
    // A fast path: nearly all labels are in lower case. If none is found, the comparison ignores case (RFC 6762 §16).
    for (const label of this.#labels) if (bytes.includes(label)) return false
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
    trace('ignored a malformed message from %s: %j', sender, (error as Error).message)
    return null
  }
}
