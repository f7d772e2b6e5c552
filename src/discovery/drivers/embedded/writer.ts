import { type Question, questionTypeNumber } from './questions.js'
import { addressBytes, folded, nameBytes, type Resource, rdataBytes, TYPE_NUMBERS } from './records.js'

/** The sections of a message, by their place in the header's counts (RFC 1035 §4.1.1). */
const COUNTS = { questions: 4, answers: 6, authorities: 8, additionals: 10 } as const
export type Section = 'answers' | 'authorities' | 'additionals'

const [HEADER_BYTES, IN, FLUSH, QU] = [12, 1, 0x8000, 0x8000]
const [RESPONSE, AUTHORITATIVE, TRUNCATED] = [0x8000, 0x0400, 0x0200]
/** A label's length (RFC 1035 §2.3.4). */
const MAX_LABEL_BYTES = 63
/** The longest name as text: 255 bytes on the wire, with the lengths of its labels and of the root (RFC 1035 §2.3.4). */
const MAX_NAME_BYTES = 253
/** A pointer has 14 bits for the place (RFC 1035 §4.1.4). */
const [POINTER, LAST_PLACE] = [0xc000, 0x3fff]

export interface WriterOptions {
  readonly kind: 'query' | 'response'
  /** The longest message, in bytes. */
  readonly maxBytes: number
  /** Default: 0, as for all that is sent by multicast (RFC 6762 §18.1). */
  readonly id?: number
  /** For one that asks by unicast DNS: no name in an SRV record is compressed (RFC 6762 §18.14). */
  readonly legacy?: boolean
}

/**
 * Writes one message with names compressed (RFC 6762 §18.14), up to its greatest length. Questions come first, and then the
 * sections in their order.
 */
export class Writer {
  readonly #options: WriterOptions
  readonly #bytes: Buffer
  /** Where each name, or end of one, is in the message. */
  readonly #places = new Map<string, number>()
  #length = HEADER_BYTES

  constructor(options: WriterOptions) {
    this.#options = options
    this.#bytes = Buffer.alloc(options.maxBytes)
    this.#bytes.writeUInt16BE(options.id ?? 0, 0)
    // RFC 6762 §18.2 to §18.11: of the flags a response has AA alone, a query none.
    if (options.kind === 'response') this.#bytes.writeUInt16BE(RESPONSE | AUTHORITATIVE, 2)
  }

  /** Whether nothing was added. */
  get isEmpty(): boolean {
    return this.#length === HEADER_BYTES
  }

  /** More follows (RFC 6762 §7.2), or did not fit (§18.5). */
  truncate(): void {
    this.#bytes.writeUInt16BE(this.#bytes.readUInt16BE(2) | TRUNCATED, 2)
  }

  /** Adds a question, with the QU bit where it has that: one given back (RFC 6762 §6.7), none of ours. Returns whether it fits. */
  ask({ name, type, unicast }: Question): boolean {
    if (type === 'other') return false
    return this.#add('questions', () => {
      this.#name(name)
      this.#uint16(questionTypeNumber(type))
      this.#uint16(unicast ? IN | QU : IN)
    })
  }

  /** Adds records, all or none. Returns whether they fit. */
  add(section: Section, ...records: readonly Resource[]): boolean {
    const [length, count] = [this.#length, this.#count(section)]
    const fits = records.every((record) => this.#add(section, () => this.#record(record)))
    if (!fits) this.#back(length, section, count)
    return fits
  }

  /** The message. */
  end(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #add(section: keyof typeof COUNTS, write: () => void): boolean {
    const [length, count] = [this.#length, this.#count(section)]
    try {
      write()
    } catch (error) {
      // Of this class, or of Node's for what does not fit into the buffer.
      if (!(error instanceof RangeError)) throw error
      this.#back(length, section, count)
      return false
    }
    this.#bytes.writeUInt16BE(count + 1, COUNTS[section])
    return true
  }

  #count(section: keyof typeof COUNTS): number {
    return this.#bytes.readUInt16BE(COUNTS[section])
  }

  /** Removes what was added to a section after the message had this length, and the section so many entries. */
  #back(length: number, section: keyof typeof COUNTS, count: number): void {
    this.#length = length
    this.#bytes.writeUInt16BE(count, COUNTS[section])
    for (const [name, place] of this.#places) if (place >= length) this.#places.delete(name)
  }

  #record(record: Resource): void {
    this.#name(record.name)
    this.#uint16(TYPE_NUMBERS[record.type])
    this.#uint16(record.unique ? IN | FLUSH : IN)
    this.#uint16(record.ttl >>> 16)
    this.#uint16(record.ttl & 0xffff)
    const at = this.#length
    this.#uint16(0)
    this.#rdata(record)
    this.#bytes.writeUInt16BE(this.#length - at - 2, at)
  }

  #rdata(record: Resource): void {
    switch (record.type) {
      case 'PTR':
        return this.#name(record.target)
      case 'SRV':
        for (const number of [record.priority, record.weight, record.port]) this.#uint16(number)
        return this.#options.legacy === true ? this.#raw(nameBytes(record.target)) : this.#name(record.target)
      case 'A':
      case 'AAAA':
        return this.#raw(addressBytes(record.type, record.address))
      case 'TXT':
        return this.#raw(rdataBytes(record))
      case 'NSEC':
        // RFC 6762 §6.1: the next name is the name itself.
        this.#name(record.name)
        return this.#raw(rdataBytes(record))
    }
  }

  #name(name: string): void {
    // Out of bytes that are no UTF-8 come more than there were.
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw new RangeError('no name can be so long')
    const labels = name === '.' ? [] : name.split('.')
    for (let first = 0; first < labels.length; first++) {
      const rest = folded(labels.slice(first).join('.'))
      const known = this.#places.get(rest)
      if (known !== undefined) return this.#uint16(POINTER | known)
      if (this.#length <= LAST_PLACE) this.#places.set(rest, this.#length)
      const label = Buffer.from(labels[first] ?? '')
      if (label.length === 0 || label.length > MAX_LABEL_BYTES) throw new RangeError('no name can have such a label')
      this.#raw(Buffer.of(label.length))
      this.#raw(label)
    }
    this.#raw(Buffer.of(0))
  }

  #uint16(number: number): void {
    this.#length = this.#bytes.writeUInt16BE(number, this.#length)
  }

  #raw(bytes: Buffer): void {
    if (this.#length + bytes.length > this.#bytes.length) throw new RangeError('the message is full')
    bytes.copy(this.#bytes, this.#length)
    this.#length += bytes.length
  }
}
