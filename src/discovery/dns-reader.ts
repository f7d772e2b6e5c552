/** The types of records that are read, by number (RFC 1035 §3.2.2, RFC 3596, RFC 2782). Of others, nothing is read. */
const TYPES = new Map([
  [1, 'A'],
  [12, 'PTR'],
  [16, 'TXT'],
  [28, 'AAAA'],
  [33, 'SRV']
] as const)
/** EDNS(0) (RFC 6891 §6.1). */
const OPT = 41
const IN = 1
/** The cache-flush bit of a record's class (RFC 6762 §10.2). */
const FLUSH = 0x8000

/** The size of a message's header, and the least size of a question and of a record, in bytes (RFC 1035 §4.1). */
const [HEADER_BYTES, QUESTION_BYTES, RECORD_BYTES] = [12, 5, 11]
/** The longest name in bytes, the most labels of one, which has no more compression pointers, and the longest label (RFC 1035 §3.1). */
const [MAX_NAME_BYTES, MAX_LABELS, MAX_LABEL_BYTES] = [255, 127, 63]
/** The two highest bits of a compression pointer (RFC 1035 §4.1.4). */
const POINTER = 0xc0

/** What a record says. */
type DnsData =
  | { readonly type: 'PTR'; readonly data: string }
  | { readonly type: 'SRV'; readonly data: SrvData }
  /** The strings in wire format (RFC 6763 §6.1), as a part of the message's memory. */
  | { readonly type: 'TXT'; readonly data: Buffer }
  /** In canonical form (RFC 5952 §4); an IPv4-mapped IPv6 address is `::ffff:c000:201`. */
  | { readonly type: 'A' | 'AAAA'; readonly data: string }

interface SrvData {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: string
}

/** A record of class IN. */
export type DnsRecord = DnsData & {
  readonly name: string
  /** In seconds. */
  readonly ttl: number
  /** Whether the cache-flush bit is set. */
  readonly flush: boolean
}

export interface DnsQuestion {
  readonly name: string
  /** The number of its type. */
  readonly type: number
  /** The number of its class, with the QU bit (RFC 6762 §5.4). */
  readonly class: number
}

export interface DnsMessage {
  readonly type: 'query' | 'response'
  readonly id: number
  /** The TC bit. */
  readonly truncated: boolean
  readonly questions: readonly DnsQuestion[]
  readonly answers: readonly DnsRecord[]
  readonly authorities: readonly DnsRecord[]
  readonly additionals: readonly DnsRecord[]
  /** The longest answer that the sender accepts over UDP, in bytes (RFC 6891 §6.2.3); null if it does not say. */
  readonly udpPayloadBytes: number | null
}

/**
 * Reads a DNS message. The time is bounded by its length, whatever it contains: packets are untrusted.
 *
 * @throws {Error} if the bytes are no DNS message
 */
export function decodeMessage(message: Buffer): DnsMessage {
  const counts = countsOf(message)
  const reader = new Reader(message)
  const flags = uint16At(2, message)
  const questions = repeat(counts.questions, () => reader.question())
  const [answers, authorities, additionals] = [counts.answers, counts.authorities, counts.additionals].map((count) =>
    repeat(count, () => reader.record()).filter((record) => record !== null)
  )
  return {
    type: (flags & 0x8000) === 0 ? 'query' : 'response',
    id: uint16At(0, message),
    truncated: (flags & 0x0200) !== 0,
    questions,
    answers: answers ?? [],
    authorities: authorities ?? [],
    additionals: additionals ?? [],
    udpPayloadBytes: reader.udpPayloadBytes
  }
}

/** The counts of the header. A message with more entries than fit into it is refused before anything is read. */
function countsOf(message: Buffer): Record<'questions' | 'answers' | 'authorities' | 'additionals', number> {
  if (message.length < HEADER_BYTES) throw new Error('it is shorter than a header')
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => uint16At(at, message)) as [
    number,
    number,
    number,
    number
  ]
  const least = HEADER_BYTES + QUESTION_BYTES * questions + RECORD_BYTES * (answers + authorities + additionals)
  if (message.length < least) throw new Error('its header claims more records than fit into it')
  return { questions, answers, authorities, additionals }
}

function repeat<T>(count: number, read: () => T): T[] {
  return Array.from({ length: count }, read)
}

/** The number at an offset within a message. Not by `readUInt16BE`, which checks its argument at several times the cost. */
function uint16At(offset: number, message: Buffer): number {
  return ((message[offset] ?? 0) << 8) | (message[offset + 1] ?? 0)
}

function ipv4At(offset: number, message: Buffer): string {
  return `${message[offset]}.${message[offset + 1]}.${message[offset + 2]}.${message[offset + 3]}`
}

/** The IPv6 address at an offset, in canonical form (RFC 5952 §4). */
function ipv6At(offset: number, message: Buffer): string {
  const groups: string[] = []
  // The longest run of zeros, which is shortened; of equally long ones the first, and of one zero none.
  let [zeros, longest, end] = [0, 1, 0]
  while (groups.length < 8) {
    const group = uint16At(offset + 2 * groups.length, message)
    groups.push(group.toString(16))
    zeros = group === 0 ? zeros + 1 : 0
    if (zeros > longest) [longest, end] = [zeros, groups.length]
  }
  if (end === 0) return groups.join(':')
  return `${groups.slice(0, end - longest).join(':')}::${groups.slice(end).join(':')}`
}

interface Name {
  readonly text: string
  /** Its length without compression. */
  readonly bytes: number
  /** Where it ends in the message. */
  readonly end: number
}

/** Reads the entries of a message, one after the other. Each method throws if an entry does not end within the message. */
class Reader {
  readonly #message: Buffer
  #at = HEADER_BYTES
  /** Names by where they begin: a message may point to the same name hundreds of times. */
  readonly #names = new Map<number, Name>()
  /** How many labels were read: a message whose names overlap may have each of its bytes read a hundred times. */
  #labels = 0
  udpPayloadBytes: number | null = null

  constructor(message: Buffer) {
    this.#message = message
  }

  question(): DnsQuestion {
    return { name: this.#name(), type: this.#uint16(), class: this.#uint16() }
  }

  /** Null for a record of another type or class. */
  record(): DnsRecord | null {
    const name = this.#name()
    const number = this.#uint16()
    const ofClass = this.#uint16()
    const ttl = this.#uint16() * 0x10000 + this.#uint16()
    const end = this.#uint16() + this.#at
    if (end > this.#message.length) throw new Error('a record is longer than the message')
    const type = (ofClass & ~FLUSH) === IN ? TYPES.get(number as 1) : undefined
    const data = type === undefined ? null : this.#data(type, end)
    this.#at = end
    if (number === OPT) this.udpPayloadBytes ??= ofClass
    // The data is what `#data` returns for the type.
    return data === null ? null : ({ type, data, name, ttl, flush: (ofClass & FLUSH) !== 0 } as DnsRecord)
  }

  /** Null if the data does not end where it has to: other records of the message can be valid all the same. */
  #data(type: DnsRecord['type'], end: number): DnsRecord['data'] | null {
    switch (type) {
      case 'PTR': {
        const target = this.#name()
        return this.#at === end ? target : null
      }
      case 'SRV': {
        const srv = { priority: this.#uint16(), weight: this.#uint16(), port: this.#uint16(), target: this.#name() }
        return this.#at === end ? srv : null
      }
      case 'TXT':
        return this.#hasStrings(end) ? this.#message.subarray(this.#at, end) : null
      case 'A':
        return this.#at + 4 === end ? ipv4At(this.#at, this.#message) : null
      case 'AAAA':
        return this.#at + 16 === end ? ipv6At(this.#at, this.#message) : null
    }
  }

  /** Whether the bytes up to an offset are strings (RFC 1035 §3.3), each after its length. */
  #hasStrings(end: number): boolean {
    let at = this.#at
    while (at < end) at += 1 + (this.#message[at] ?? 0)
    return at === end
  }

  #uint16(): number {
    return uint16At(this.#take(2), this.#message)
  }

  /** Skips bytes, and returns where they begin. */
  #take(bytes: number): number {
    const at = this.#at
    this.#at += bytes
    if (this.#at > this.#message.length) throw new Error('it ends too early')
    return at
  }

  #name(): string {
    const { text, end } = this.#nameAt(this.#at, MAX_LABELS)
    this.#at = end
    return text
  }

  /**
   * The name at an offset (RFC 1035 §4.1.4).
   *
   * @param pointers how many compression pointers may follow each other
   */
  #nameAt(start: number, pointers: number): Name {
    const known = this.#names.get(start)
    if (known !== undefined) return known
    const labels: string[] = []
    let at = start
    let length = this.#message[at]
    while (length !== undefined && length > 0 && length < POINTER) {
      if (++this.#labels > 2 * this.#message.length) throw new Error('its names overlap')
      if (length > MAX_LABEL_BYTES || at + 1 + length > this.#message.length) throw new Error('a label is too long')
      labels.push(this.#message.toString('utf8', at + 1, at + 1 + length))
      at += 1 + length
      length = this.#message[at]
    }
    if (length === undefined) throw new Error('a name does not end')
    const rest = length === 0 ? null : this.#pointedAt(at, start, pointers)
    const bytes = at - start + (rest?.bytes ?? 1)
    if (bytes > MAX_NAME_BYTES) throw new Error('a name is too long')
    if (rest !== null && rest.bytes > 1) labels.push(rest.text)
    const name = { text: labels.join('.') || '.', bytes, end: at + (rest === null ? 1 : 2) }
    this.#names.set(start, name)
    return name
  }

  /** The name to which the pointer at an offset points: it begins before the name with the pointer. */
  #pointedAt(at: number, before: number, pointers: number): Name {
    if (at + 2 > this.#message.length) throw new Error('a name does not end')
    const target = uint16At(at, this.#message) - (POINTER << 8)
    if (target >= before || pointers === 0) throw new Error('a compression pointer is wrong')
    return this.#nameAt(target, pointers - 1)
  }
}
