/** The types that are asked for, with their numbers (RFC 1035 §3.2.2, §3.2.3). */
const TYPES = { PTR: 12, ANY: 255 } as const
const IN = 1
const DOT = 0x2e

/** What a query asks for, in class IN: the records of a type, or of all types, that a name has. */
export interface QueryQuestion {
  readonly type: keyof typeof TYPES
  /** Each label has 1 to 63 bytes. */
  readonly name: string
}

/**
 * A DNS query with the ID 0, without compressed names (RFC 1035 §4.1). Every service sends one before its first dial, so this
 * takes a tenth of a millisecond when it runs for the first time. The driver `embedded` has a `Writer`, which writes records, too,
 * and compresses names.
 */
export function encodeQuery(questions: readonly QueryQuestion[]): Buffer {
  const bytes = [0, 0, 0, 0, questions.length >> 8, questions.length, 0, 0, 0, 0, 0, 0]
  for (const { type, name } of questions) bytes.push(...nameBytes(name), 0, TYPES[type], 0, IN)
  return Buffer.from(bytes)
}

/** A name in wire format, without compression (RFC 1035 §3.1). */
export function nameBytes(name: string): Buffer {
  if (name === '.') return Buffer.of(0)
  // The dot before each label becomes the label's length, and the last one the root's.
  const bytes = Buffer.from(`.${name}.`)
  let end = bytes.length - 1
  bytes[end] = 0
  for (let at = end - 1; at >= 0; at--) {
    if (bytes[at] !== DOT) continue
    bytes[at] = end - at - 1
    end = at
  }
  return bytes
}
