/** Record types, and the class IN (RFC 1035 §3.2.2, §3.2.4; RFC 2782). */
const [A, TXT, SRV, IN] = [1, 16, 33, 1]
const HEADER_BYTES = 12
const SRVS = 225
const STRINGS = 2200

/**
 * An answer to a first look that costs as much as possible to read: many SRV records of one name, and a TXT record of
 * many strings. With names compressed (RFC 1035 §4.1.4) it has nearly the 9,000 bytes that a message may have.
 *
 * @param number distinguishes the instances
 */
export function largeAnswer(type: string, number: number): Buffer {
  const labels = [(0xa0 + number).toString(16).toUpperCase(), ...type.split('.')]
  const name = Buffer.concat([...labels.map(label), Buffer.of(0)])
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt16BE(0x8400, 2)
  header.writeUInt16BE(SRVS + 2, 6)
  const pointer = Buffer.of(0xc0, HEADER_BYTES)
  const service = Buffer.concat([uint16(0, 0, 9), pointer])
  const texts = Buffer.from('\x01x'.repeat(STRINGS), 'latin1')
  return Buffer.concat([
    header,
    record(name, A, Buffer.of(10, 77, 1, 250)),
    record(pointer, TXT, texts),
    ...Array.from({ length: SRVS }, () => record(pointer, SRV, service))
  ])
}

function record(name: Buffer, type: number, data: Buffer): Buffer {
  return Buffer.concat([name, uint16(type, IN, 0, 120, data.length), data])
}

function label(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text, 'latin1')])
}

function uint16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length)
  for (const [at, value] of values.entries()) bytes.writeUInt16BE(value, 2 * at)
  return bytes
}
