/** A value of a message: a string, or a 32-bit number. */
export type DbusValue = string | number

/** A method call to a service on the bus. */
export interface DbusCall {
  readonly destination: string
  readonly path: string
  readonly interface: string
  readonly member: string
  /** Types of the arguments, of `s`, `i` and `u`. */
  readonly signature?: string
  readonly values?: readonly DbusValue[]
}

/** A received message. */
export interface DbusMessage {
  readonly kind: 'reply' | 'error' | 'signal' | 'other'
  /** Of a reply or an error: the serial number of the call. */
  readonly replyTo: number
  readonly errorName: string
  readonly member: string
  /** The arguments, as far as their types are known here. */
  readonly values: readonly DbusValue[]
}

const [CALL, REPLY, ERROR, SIGNAL] = [1, 2, 3, 4]
/** Header fields (D-Bus specification, "Message Format"). */
const FIELD = { path: 1, interface: 2, member: 3, errorName: 4, replySerial: 5, destination: 6, signature: 8 } as const
/** The length of the header up to and including the length of its fields. */
const FIXED_BYTES = 16
/** The longest message that is read, in bytes. */
export const MAX_MESSAGE = 1 << 20

/** A method call, little-endian. */
export function encodeCall(call: DbusCall, serial: number): Buffer {
  const body = new DbusWriter()
  const { signature = '', values = [] } = call
  for (const [at, type] of [...signature].entries()) body.value(type, values[at] ?? 0)
  const header = new DbusWriter()
  header.bytes([0x6c, CALL, 0, 1])
  header.uint(body.length)
  header.uint(serial)
  const fields = new DbusWriter()
  fields.field(FIELD.path, 'o', call.path)
  fields.field(FIELD.interface, 's', call.interface)
  fields.field(FIELD.member, 's', call.member)
  fields.field(FIELD.destination, 's', call.destination)
  if (signature !== '') fields.field(FIELD.signature, 'g', signature)
  header.uint(fields.length)
  header.append(fields)
  header.align(8)
  header.append(body)
  return header.buffer
}

/** The length of the message at the start of a buffer; null if that is not known yet. */
export function messageLength(buffer: Buffer): number | null {
  if (buffer.length < FIXED_BYTES) return null
  const isLittle = buffer[0] === 0x6c
  const read = (at: number) => (isLittle ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at))
  return aligned(FIXED_BYTES + read(12), 8) + read(4)
}

/** Reads one whole message. */
export function decodeMessage(buffer: Buffer): DbusMessage {
  const reader = new Reader(buffer)
  const type = buffer[1]
  const fieldsEnd = FIXED_BYTES + reader.uintAt(12)
  const fields = new Map<number, DbusValue>()
  reader.at = FIXED_BYTES
  while (reader.at < fieldsEnd) {
    reader.align(8)
    const code = reader.byte()
    fields.set(code, reader.value(reader.signature()))
  }
  reader.align(8)
  const text = (code: number) => String(fields.get(code) ?? '')
  return {
    kind: type === REPLY ? 'reply' : type === ERROR ? 'error' : type === SIGNAL ? 'signal' : 'other',
    replyTo: Number(fields.get(FIELD.replySerial) ?? 0),
    errorName: text(FIELD.errorName),
    member: text(FIELD.member),
    values: valuesOf(reader, text(FIELD.signature))
  }
}

function valuesOf(reader: Reader, signature: string): DbusValue[] {
  const values: DbusValue[] = []
  for (const type of signature) {
    if (!'soiubyqn'.includes(type)) break
    values.push(reader.value(type))
  }
  return values
}

function aligned(at: number, to: number): number {
  return Math.ceil(at / to) * to
}

class DbusWriter {
  readonly #chunks: Buffer[] = []
  length = 0

  get buffer(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  bytes(bytes: readonly number[] | Buffer): void {
    this.#chunks.push(Buffer.from(bytes))
    this.length += bytes.length
  }

  append(other: DbusWriter): void {
    this.bytes(other.buffer)
  }

  align(to: number): void {
    this.bytes(Buffer.alloc(aligned(this.length, to) - this.length))
  }

  uint(value: number): void {
    this.align(4)
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value >>> 0)
    this.bytes(bytes)
  }

  value(type: string, value: DbusValue): void {
    if (type === 'i' || type === 'u') return this.uint(Number(value))
    const text = Buffer.from(String(value))
    if (type === 'g') this.bytes([text.length])
    else this.uint(text.length)
    this.bytes(Buffer.concat([text, Buffer.of(0)]))
  }

  /** A header field: a structure of a byte and a variant. */
  field(code: number, type: string, value: string): void {
    this.align(8)
    this.bytes([code])
    this.value('g', type)
    this.value(type, value)
  }
}

class Reader {
  at = 0
  readonly #buffer: Buffer
  readonly #isLittle: boolean

  constructor(buffer: Buffer) {
    this.#buffer = buffer
    this.#isLittle = buffer[0] === 0x6c
  }

  align(to: number): void {
    this.at = aligned(this.at, to)
  }

  byte(): number {
    return this.#buffer.readUInt8(this.at++)
  }

  uintAt(at: number): number {
    return this.#isLittle ? this.#buffer.readUInt32LE(at) : this.#buffer.readUInt32BE(at)
  }

  signature(): string {
    return this.#text(this.byte())
  }

  value(type: string): DbusValue {
    if (type === 'y') return this.byte()
    if (type === 'g') return this.signature()
    if (type === 'q' || type === 'n') {
      this.align(2)
      this.at += 2
      return this.#isLittle ? this.#buffer.readUInt16LE(this.at - 2) : this.#buffer.readUInt16BE(this.at - 2)
    }
    this.align(4)
    const number = this.uintAt(this.at)
    this.at += 4
    if (type === 'i') return number | 0
    return type === 's' || type === 'o' ? this.#text(number) : number
  }

  #text(length: number): string {
    const text = this.#buffer.toString('utf8', this.at, this.at + length)
    this.at += length + 1
    return text
  }
}
