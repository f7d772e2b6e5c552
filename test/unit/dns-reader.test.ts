// Reading DNS messages: untrusted bytes become a message or an error, in a time that is proportional to their number.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Answer, encode } from 'dns-packet'
import { decodeMessage } from '#tcpnet/discovery/dns-reader.js'
import { splitTxt } from '#tcpnet/discovery/txt.js'

/** The offset of the first entry (RFC 1035 §4.1.1). */
const FIRST = 12
const [A, PTR, TXT, NSEC, SSHFP] = [1, 12, 16, 47, 44]
const ROOT = Buffer.of(0)

/** A record of class IN. */
function record(name: Buffer, type: number, data: Buffer, length = data.length): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt16BE(length, 8)
  return Buffer.concat([name, fixed, data])
}

/** A response with these answers. */
function response(...answers: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(FIRST)
  header.writeUInt16BE(0x8400, 2)
  header.writeUInt16BE(answers.length, 6)
  return Buffer.concat([header, ...answers])
}

function pointer(offset: number): Buffer {
  return Buffer.of(0xc0 | (offset >> 8), offset & 255)
}

function label(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text)])
}

const address = record(ROOT, A, Buffer.of(192, 0, 2, 1))
const named = (name: Buffer) => response(record(name, A, Buffer.of(192, 0, 2, 1)))

describe('a message that is read', () => {
  it('has what another library has written', () => {
    const answers: Answer[] = [
      { type: 'PTR', name: '_a._tcp.local', ttl: 120, data: 'A._a._tcp.local' },
      { type: 'SRV', name: 'A._a._tcp.local', ttl: 120, flush: true, data: { port: 4000, target: 'a.local' } },
      { type: 'TXT', name: 'A._a._tcp.local', ttl: 70_000, flush: true, data: ['v=1', 'sec=none'] },
      { type: 'A', name: 'a.local', ttl: 0, data: '192.0.2.1' },
      { type: 'AAAA', name: 'a.local', ttl: 1, data: '2001:db8::1' }
    ]
    const read = decodeMessage(encode({ type: 'response', id: 7, answers }))
    assert.deepEqual([read.type, read.id, read.truncated, read.udpPayloadBytes], ['response', 7, false, null])
    assert.deepEqual(
      read.answers.map(({ type, ttl, flush }) => `${type} ${ttl} ${flush}`),
      ['PTR 120 false', 'SRV 120 true', 'TXT 70000 true', 'A 0 false', 'AAAA 1 false']
    )
    assert.deepEqual(
      read.answers.map(({ data }) => (Buffer.isBuffer(data) ? splitTxt(data) : data)),
      [
        'A._a._tcp.local',
        { priority: 0, weight: 0, port: 4000, target: 'a.local' },
        ['v=1', 'sec=none'],
        '192.0.2.1',
        '2001:db8::1'
      ]
    )
  })

  it('tells how long an answer may be (RFC 6891 §6.2.3)', () => {
    const additionals: Answer[] = [
      { type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [], extendedRcode: 0, ednsVersion: 0 } as never
    ]
    const questions = [{ type: 'PTR', name: '_a._tcp.local' }] as const
    const read = decodeMessage(encode({ type: 'query', questions: [...questions], additionals }))
    assert.deepEqual(read.questions, [{ name: '_a._tcp.local', type: 12, class: 1 }])
    assert.equal(read.udpPayloadBytes, 4096)
  })

  it('has no records of other types, whatever their data', () => {
    const read = decodeMessage(response(record(ROOT, NSEC, Buffer.alloc(300, 255)), address))
    assert.deepEqual(
      read.answers.map(({ type }) => type),
      ['A']
    )
  })

  // dns-packet 5.6.1 loses its place there and goes on at the first byte: each further record is the hidden one again.
  it('is read once, even if it has a fingerprint of an unknown kind', () => {
    const fingerprint = record(ROOT, SSHFP, Buffer.of(1, 9))
    const hidden = record(ROOT, NSEC, Buffer.concat([ROOT, Buffer.alloc(64, 255)]))
    const filling = Array.from({ length: 700 }, () => record(ROOT, TXT, Buffer.alloc(0)))
    const message = response(fingerprint, hidden, ...filling)
    // As a name, the header has one label, which ends where the name of the hidden record is.
    message[0] = FIRST + fingerprint.length - 1
    assert.equal(decodeMessage(message).answers.length, filling.length)
  })
})

describe('a record is left out, and others are read', () => {
  const cases: Record<string, Buffer> = {
    'with data that is longer than an address': record(ROOT, A, Buffer.of(192, 0, 2, 1, 0)),
    'with data that is shorter than an address': record(ROOT, A, Buffer.of(192, 0, 2)),
    'with a string that is longer than its record': record(ROOT, TXT, Buffer.of(2, 65)),
    'with bytes after a name': record(ROOT, PTR, Buffer.of(1, 65, 0, 0))
  }
  for (const [what, wrong] of Object.entries(cases))
    it(what, () => {
      const { answers } = decodeMessage(response(wrong, address))
      assert.deepEqual(
        answers.map(({ data }) => data),
        ['192.0.2.1']
      )
    })
})

describe('bytes are no message', () => {
  const cases: Record<string, Buffer> = {
    'shorter than a header': Buffer.alloc(FIRST - 1),
    'with more records than fit': Buffer.concat([response(address).subarray(0, 6), Buffer.of(255, 255, 0, 0, 0, 0)]),
    'with data that is longer than the message': response(record(ROOT, TXT, ROOT, 2)),
    'with a name that points to itself': named(pointer(FIRST)),
    'with a name that points ahead': named(pointer(FIRST + 20)),
    'with a name of more than 255 bytes': named(
      Buffer.concat([...Array.from({ length: 4 }, () => label('a'.repeat(63))), ROOT])
    ),
    'with a label of a reserved kind': named(Buffer.of(0x40, 0))
  }
  for (const [what, bytes] of Object.entries(cases)) it(what, () => assert.throws(() => decodeMessage(bytes), Error))

  it('with a name that follows more pointers than a name has labels', () => {
    // Text that holds pointers, each to the one before it.
    const chain = (count: number) => {
      const start = FIRST + 11
      const pointers = Array.from({ length: count }, (_, i) => (i === 0 ? Buffer.of(0, 0) : pointer(start + 2 * i - 2)))
      const text = record(ROOT, SSHFP, Buffer.concat(pointers))
      return response(text, record(pointer(start + 2 * count - 2), A, Buffer.of(192, 0, 2, 1)))
    }
    assert.equal(decodeMessage(chain(100)).answers[0]?.name, '.')
    assert.throws(() => decodeMessage(chain(200)), /pointer/)
  })

  it('with names that overlap, each of which would be read anew', () => {
    const text = record(ROOT, SSHFP, Buffer.concat([Buffer.alloc(254, 1), ROOT]))
    const data = FIRST + 11
    // Each begins two bytes after the one before, in the middle of it.
    const names = Array.from({ length: 120 }, (_, i) => record(pointer(data + 2 * i), TXT, Buffer.alloc(0)))
    assert.throws(() => decodeMessage(response(text, ...names)), /overlap/)
  })

  it('if they are cut anywhere', () => {
    const whole = response(record(Buffer.concat([label('a'), ROOT]), TXT, Buffer.of(1, 65)), address)
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => decodeMessage(whole.subarray(0, length)), Error, `${length} bytes`)
    }
  })
})
