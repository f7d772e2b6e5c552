import { nameBytes } from '../../dns-writer.js'
import { type Question, questionTypeNumber } from './questions.js'
import { addressBytes, folded, type Resource, rdataBytes, TYPE_NUMBERS } from './records.js'

/** The offset of each section's count in the header (RFC 1035 §4.1.1). */
const COUNTS = { questions: 4, answers: 6, authorities: 8, additionals: 10 } as const
export type Section = 'answers' | 'authorities' | 'additionals'

const [HEADER_BYTES, IN, FLUSH, QU] = [12, 1, 0x8000, 0x8000]
const [RESPONSE, AUTHORITATIVE, TRUNCATED] = [0x8000, 0x0400, 0x0200]
/** The longest label (RFC 1035 §2.3.4). */
const MAX_LABEL_BYTES = 63
/**
 * The longest name as text: on the wire it has 255 bytes, including the first label's length and the root (RFC 1035
 * §2.3.4).
 */
const MAX_NAME_BYTES = 253
/** The type bits of a compression pointer, and the greatest offset that its 14 bits can hold (RFC 1035 §4.1.4). */
const [POINTER, LAST_PLACE] = [0xc000, 0x3fff]

export interface WriterOptions {
  readonly kind: 'query' | 'response'
  /** The longest message, in bytes. */
  readonly maxBytes: number
  /** Default: 0, as in all multicast messages (RFC 6762 §18.1). */
  readonly id?: number
  /** Whether this is a legacy response, in which names in SRV records are not compressed (RFC 6762 §18.14). */
  readonly legacy?: boolean
}

/**
 * Writes one message of bounded length, with compressed names (RFC 6762 §18.14). Questions must be added first, and
 * then the sections in their order.
 */
export class Writer {
  readonly #options: WriterOptions
  readonly #bytes: Buffer
  /** The offset in the message of each name and of each of its suffixes. */
  readonly #places = new Map<string, number>()
  #length = HEADER_BYTES

  constructor(options: WriterOptions) {
    this.#options = options
    this.#bytes = Buffer.alloc(options.maxBytes)
    this.#bytes.writeUInt16BE(options.id ?? 0, 0)
    // RFC 6762 §18.2 to §18.11: besides QR, the only flag of a response is AA; a query has none.
    if (options.kind === 'response') this.#bytes.writeUInt16BE(RESPONSE | AUTHORITATIVE, 2)
  }

  /** Whether nothing was added. */
  get isEmpty(): boolean {
    return this.#length === HEADER_BYTES
  }

  /** Sets the TC bit: more known answers follow (RFC 6762 §7.2), or not all answers fit (§18.5). */
  truncate(): void {
    this.#bytes.writeUInt16BE(this.#bytes.readUInt16BE(2) | TRUNCATED, 2)
  }

  /** Adds a question, whose QU bit is set only in legacy responses (RFC 6762 §6.7). Returns whether it was added. */
  ask({ name, type, unicast }: Question): boolean {
    if (type === 'other') return false
    return this.#add('questions', () => {
      this.#name(name)
      this.#uint16(questionTypeNumber(type))
      this.#uint16(unicast ? IN | QU : IN)
    })
  }

  /** Adds all records if they fit, or none. Returns whether they fit. */
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
      // Thrown by this class, or by Node.js for a write beyond the end of the buffer.
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

  /** Truncates the message to a former length, and restores the section's former count. */
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
        // RFC 6762 §6.1: the next domain name is the record's own name.
        this.#name(record.name)
        return this.#raw(rdataBytes(record))
    }
  }

  #name(name: string): void {
    // A received name can become longer: decoding replaces each invalid UTF-8 byte by three.
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw new RangeError('the name is too long')
    const labels = name === '.' ? [] : name.split('.')
    for (let first = 0; first < labels.length; first++) {
      const rest = folded(labels.slice(first).join('.'))
      const known = this.#places.get(rest)
      if (known !== undefined) return this.#uint16(POINTER | known)
      if (this.#length <= LAST_PLACE) this.#places.set(rest, this.#length)
      const label = Buffer.from(labels[first] ?? '')
      if (label.length === 0 || label.length > MAX_LABEL_BYTES) throw new RangeError('a label is empty or too long')
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
