// The form of addresses in messages that are read and written, compared with what other code makes of the same bytes.
import assert from 'node:assert/strict'
import { isIP, SocketAddress } from 'node:net'
import { describe, it } from 'node:test'
import { decode, encode } from 'dns-packet'
import fc from 'fast-check'
import { decodeMessage } from '#tcpnet/discovery/dns-reader.js'
import { addressBytes } from '#tcpnet/discovery/drivers/embedded/records.js'

/** A response with an address in wire format. */
function responseWith(bytes: Buffer): Buffer {
  const [type, zeros] = bytes.length === 4 ? (['A', '0.0.0.0'] as const) : (['AAAA', '::'] as const)
  const message = encode({ type: 'response', answers: [{ type, name: 'a.local', data: zeros }] })
  return Buffer.concat([message.subarray(0, -bytes.length), bytes])
}

function read(bytes: Buffer): unknown {
  return decodeMessage(responseWith(bytes)).answers[0]?.data
}

/** What dns-packet reads, whose IPv6 addresses are not always in canonical form. */
function readByOther(bytes: Buffer): string {
  const [record] = decode(responseWith(bytes)).answers ?? []
  return record?.type === 'A' || record?.type === 'AAAA' ? record.data : assert.fail('it has no address')
}

/** The form in a URL (RFC 5952 §4), in which no address ends like an IPv4 address. */
const inUrl = (address: string) => new URL(`http://[${address}]`).hostname.slice(1, -1)

function checkIpv6(groups: readonly number[]): void {
  const bytes = Buffer.from(groups.flatMap((group) => [group >> 8, group & 255]))
  const whole = groups.map((group) => group.toString(16)).join(':')
  const text = read(bytes)
  assert.equal(text, inUrl(whole))
  assert.equal(text, inUrl(readByOther(bytes)))
  // The system's form ends like an IPv4 address only after such zeros (RFC 4291 §2.5.5).
  const system = new SocketAddress({ family: 'ipv6', address: whole }).address
  if (!system.includes('.')) assert.equal(text, system)
  for (const form of [whole, text, system]) assert.deepEqual(addressBytes('AAAA', form), bytes, form)
}

const group = fc.oneof(fc.constant(0), fc.constantFrom(1, 0xf, 0x10, 0xff, 0x100, 0xffff), fc.nat(0xffff))

describe('an IPv4 address', () => {
  it('is read and written in the form with dots', () => {
    const check = (bytes: readonly number[]) => {
      const [wire, text] = [Buffer.from(bytes), read(Buffer.from(bytes))]
      assert.ok(typeof text === 'string' && isIP(text) === 4)
      assert.equal(text, readByOther(wire))
      assert.deepEqual(addressBytes('A', text), wire)
    }
    for (const bytes of [
      [0, 0, 0, 0],
      [255, 255, 255, 255],
      [127, 0, 0, 1]
    ])
      check(bytes)
    fc.assert(fc.property(fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }), check))
  })
})

describe('an IPv6 address is read and written in canonical form (RFC 5952 §4)', () => {
  const forms = {
    '::': [0, 0, 0, 0, 0, 0, 0, 0],
    '::1': [0, 0, 0, 0, 0, 0, 0, 1],
    '1::': [1, 0, 0, 0, 0, 0, 0, 0],
    '1:2:3:4:5:6:7:8': [1, 2, 3, 4, 5, 6, 7, 8],
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff': [0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff],
    // A single group of zeros is not shortened.
    '0:2:3:4:5:6:7:8': [0, 2, 3, 4, 5, 6, 7, 8],
    '2001:db8:0:1:1:1:1:1': [0x2001, 0xdb8, 0, 1, 1, 1, 1, 1],
    '1:2:3:4:5:6:7:0': [1, 2, 3, 4, 5, 6, 7, 0],
    // The longest run is shortened, and of equally long ones the first.
    '2001:0:0:1::1': [0x2001, 0, 0, 1, 0, 0, 0, 1],
    'fe80:4:0:0:d6da::': [0xfe80, 4, 0, 0, 0xd6da, 0, 0, 0],
    '::1:0:0:0:2': [0, 0, 0, 1, 0, 0, 0, 2],
    '2001:db8::1:0:0:1': [0x2001, 0xdb8, 0, 0, 1, 0, 0, 1],
    '1::2:0:0:3:0': [1, 0, 0, 2, 0, 0, 3, 0],
    '1:2:3:4:5:6::': [1, 2, 3, 4, 5, 6, 0, 0],
    // IPv4-mapped and IPv4-compatible addresses stay IPv6 addresses.
    '::ffff:c000:201': [0, 0, 0, 0, 0, 0xffff, 0xc000, 0x201],
    '::c000:201': [0, 0, 0, 0, 0, 0, 0xc000, 0x201],
    '64:ff9b::c000:201': [0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x201]
  }
  for (const [form, groups] of Object.entries(forms))
    it(form, () => {
      assert.equal(read(Buffer.from(groups.flatMap((group) => [group >> 8, group & 255]))), form)
      checkIpv6(groups)
    })

  it('whichever groups are zero', () => {
    for (let zeros = 0; zeros < 256; zeros++)
      checkIpv6(Array.from({ length: 8 }, (_, at) => ((zeros >> at) & 1 ? 0 : 0xa0 + at)))
  })

  it('with any groups', () => {
    fc.assert(fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), checkIpv6), { numRuns: 1000 })
  })
})
