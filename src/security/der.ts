// Encodes DER (X.690), only the parts that a certificate needs.

/** Tags of X.690 §8. */
const TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31
} as const

/** One element: tag, length (X.690 §8.1.3) and contents. */
export function element(tag: keyof typeof TAGS, ...contents: Uint8Array[]): Buffer {
  return tagged(TAGS[tag], contents)
}

/** `[number] EXPLICIT` (X.690 §8.14). */
export function explicit(number: number, ...contents: Uint8Array[]): Buffer {
  return tagged(0xa0 | number, contents)
}

/** A non-negative INTEGER, from its bytes (X.690 §8.3). */
export function unsigned(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? Buffer.of(0) : Buffer.from(bytes.subarray(first))
  const [top = 0] = digits
  return element('integer', ...(top < 0x80 ? [] : [Buffer.of(0)]), digits)
}

/** A BIT STRING of whole bytes (X.690 §8.6). */
export function bits(bytes: Uint8Array): Buffer {
  return element('bitString', Buffer.of(0), bytes)
}

/** An OBJECT IDENTIFIER, from its dotted form (X.690 §8.19). */
export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((part) => {
    const septets = [part & 0x7f]
    for (let left = part >>> 7; left > 0; left >>>= 7) septets.unshift(0x80 | (left & 0x7f))
    return septets
  })
  return element('objectIdentifier', Buffer.from(bytes))
}

function tagged(tag: number, contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body])
  const size = Buffer.alloc(4)
  size.writeUInt32BE(body.length)
  const digits = size.subarray(size.findIndex((byte) => byte !== 0))
  return Buffer.concat([Buffer.of(tag, 0x80 | digits.length), digits, body])
}
