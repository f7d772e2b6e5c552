import type { DnsRecord } from '../../dns-reader.js'
import { nameBytes } from '../../dns-writer.js'

/**
 * The record types that this responder supports, with their numbers (RFC 1035 §3.2.2, RFC 3596, RFC 2782, RFC 4034).
 */
export const TYPE_NUMBERS = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, NSEC: 47 } as const
export type RecordType = keyof typeof TYPE_NUMBERS

/** An address family. An interface has one link for each. */
export type Family = 4 | 6

/** The type and data of a record. */
export type Rdata =
  | { readonly type: 'PTR'; readonly target: string }
  | {
      readonly type: 'SRV'
      readonly priority: number
      readonly weight: number
      readonly port: number
      readonly target: string
    }
  /** The strings with their lengths, in wire format (RFC 6763 §6.1). */
  | { readonly type: 'TXT'; readonly strings: Buffer }
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  /** The name has records of these types and no others (RFC 6762 §6.1). */
  | { readonly type: 'NSEC'; readonly types: readonly RecordType[] }

/** A resource record of class IN. */
export type Resource = Rdata & {
  readonly name: string
  /** In seconds. */
  readonly ttl: number
  /** The cache-flush bit: all records of this name and type are of one responder (RFC 6762 §10.2). */
  readonly unique: boolean
  /** The same for all records of one name and type. */
  readonly set: string
  /** The same for records that differ only in TTL and cache-flush bit (RFC 6762 §7.1). */
  readonly key: string
}

/** Makes a record. */
export function resource(name: string, ttl: number, unique: boolean, rdata: Rdata): Resource {
  const set = setOf(name, rdata.type)
  return { ...rdata, name, ttl, unique, set, key: `${set} ${textOf(rdata)}` }
}

/** The key of the set of all records of a name and type. */
export function setOf(name: string, type: RecordType): string {
  return `${folded(name)} ${type}`
}

/** A name in lower case for comparison. Only ASCII letters are converted (RFC 6762 §16). */
export function folded(name: string): string {
  // A fast path: nearly all names are ASCII, in which toLowerCase changes no other letters.
  if (Buffer.byteLength(name) === name.length) return name.toLowerCase()
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

export function isSameName(one: string, other: string): boolean {
  return one === other || (one.length === other.length && folded(one) === folded(other))
}

/** The same record with another TTL. */
export function withTtl(record: Resource, ttl: number): Resource {
  return { ...record, ttl }
}

/** A record of a received message. */
export function fromRecord(record: DnsRecord): Resource {
  return resource(record.name, record.ttl, record.flush, rdataOf(record))
}

function rdataOf(record: DnsRecord): Rdata {
  switch (record.type) {
    case 'PTR':
      return { type: 'PTR', target: record.data }
    case 'SRV':
      return { type: 'SRV', ...record.data }
    case 'TXT':
      return { type: 'TXT', strings: Buffer.from(record.data) }
    case 'A':
    case 'AAAA':
      return { type: record.type, address: record.data }
  }
}

/** The data as text, with names in lower case. */
function textOf(rdata: Rdata): string {
  switch (rdata.type) {
    case 'PTR':
      return folded(rdata.target)
    case 'SRV':
      return `${rdata.priority} ${rdata.weight} ${rdata.port} ${folded(rdata.target)}`
    case 'TXT':
      return rdata.strings.toString('latin1')
    case 'A':
    case 'AAAA':
      return rdata.address
    case 'NSEC':
      return rdata.types.join(' ')
  }
}

/** An address in wire format. */
export function addressBytes(type: 'A' | 'AAAA', address: string): Buffer {
  if (type === 'A') return Buffer.from(address.split('.').map(Number))
  // In a URL's form, all groups are hexadecimal: `::ffff:192.0.2.1` becomes `::ffff:c000:201`.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail = ''] = text.split('::').map((part) => {
    return part.replace(/(\w+):?/g, (_, group: string) => group.padStart(4, '0'))
  })
  return Buffer.from(head.padEnd(32 - tail.length, '0') + tail, 'hex')
}

/** The data in wire format, without compression, as compared in a tie-break (RFC 6762 §8.2). */
export function rdataBytes(rdata: Rdata): Buffer {
  switch (rdata.type) {
    case 'PTR':
      return nameBytes(rdata.target)
    case 'SRV': {
      const fixed = [rdata.priority, rdata.weight, rdata.port].flatMap((number) => [number >> 8, number & 255])
      return Buffer.concat([Buffer.from(fixed), nameBytes(rdata.target)])
    }
    case 'TXT':
      return rdata.strings.length === 0 ? Buffer.of(0) : rdata.strings
    case 'A':
    case 'AAAA':
      return addressBytes(rdata.type, rdata.address)
    case 'NSEC':
      return bitmapOf(rdata.types)
  }
}

/**
 * The type bitmap of an NSEC record: one block of at most 32 bytes, with one bit for each type (RFC 4034 §4.1.2, RFC
 * 6762 §6.1).
 */
function bitmapOf(types: readonly RecordType[]): Buffer {
  const bits = Buffer.alloc(32)
  let length = 0
  for (const type of types) {
    const number = TYPE_NUMBERS[type]
    const at = number >> 3
    bits[at] = (bits[at] ?? 0) | (0x80 >> (number & 7))
    length = Math.max(length, at + 1)
  }
  return Buffer.concat([Buffer.of(0, length), bits.subarray(0, length)])
}
