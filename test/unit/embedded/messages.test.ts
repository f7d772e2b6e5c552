// The bytes of messages: what is written, as another library reads it, and what is read of them (RFC 6762 §16 to §18).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decode, encode } from 'dns-packet'
import { isPlausible, queriesWith, readMessage, responsesWith } from '#tcpnet/discovery/drivers/embedded/messages.js'
import { instanceName, uuidIn } from '#tcpnet/discovery/drivers/embedded/names.js'
import { resource } from '#tcpnet/discovery/drivers/embedded/records.js'
import { Writer } from '#tcpnet/discovery/drivers/embedded/writer.js'
import { recordsOf, TYPE } from './link-trial.js'

const UUID = 'F'.repeat(63)

describe('a message that is written', () => {
  it('says what its records say', () => {
    const records = recordsOf(UUID)
    const [message] = responsesWith(records, [])
    const read = readMessage(message ?? Buffer.alloc(0)).answers
    assert.deepEqual(
      read.map(({ key, ttl, unique }) => [key, ttl, unique]),
      records.map(({ key, ttl, unique }) => [key, ttl, unique])
    )
  })

  it('has each name once', () => {
    const [message] = responsesWith(recordsOf(UUID), [])
    const text = message?.toString('latin1') ?? ''
    for (const label of ['my-cluster', 'local', '_tcp']) assert.equal(text.split(label).length, 2, label)
    // As instance and as host.
    assert.equal(text.split(UUID).length, 3)
  })

  it('is never longer than it may be, and all is in one of several', () => {
    for (const maxBytes of [200, 512, 1440]) {
      const records = Array.from({ length: 100 }, (_, i) =>
        resource(TYPE, 120, false, { type: 'PTR', target: instanceName(i.toString(16).padStart(32, '0'), TYPE) })
      )
      for (const messages of [
        responsesWith(records, [], maxBytes),
        queriesWith([{ name: TYPE, type: 'PTR', unicast: false }], records, maxBytes)
      ]) {
        assert.ok(messages.every((message) => message.length <= maxBytes))
        const read = messages.flatMap((message) => readMessage(message).answers)
        assert.deepEqual(new Set(read.map(({ key }) => key)), new Set(records.map(({ key }) => key)))
      }
    }
  })

  it('has no name that there cannot be', () => {
    for (const name of [`${'\u{fffd}'.repeat(22)}.local`, 'a..local', '.local']) {
      assert.deepEqual(queriesWith([{ name, type: 'ANY', unicast: false }], []), [])
      assert.deepEqual(responsesWith([resource(name, 120, false, { type: 'PTR', target: 'a.local' })], []), [])
    }
  })

  it('has no name that is longer than a name can be', () => {
    const name = (bytes: number) => Array.from({ length: bytes / 2 }, () => 'a').join('.') + 'a'.repeat((bytes % 2) + 1)
    const pointer = (target: string) => resource(TYPE, 120, false, { type: 'PTR', target })
    assert.equal(responsesWith([pointer(name(253))], []).length, 1)
    assert.equal(responsesWith([pointer(name(255))], []).length, 0)
  })

  it('takes records all or none', () => {
    const writer = new Writer({ kind: 'response', maxBytes: 120 })
    const records = recordsOf('AA')
    assert.equal(writer.add('answers', ...records), false)
    assert.ok(writer.isEmpty)
    for (const record of records.slice(0, 2)) assert.equal(writer.add('answers', record), true)
    // What is compressed refers to nothing that was taken back.
    assert.deepEqual(
      decode(writer.end()).answers?.map(({ name }) => name),
      records.slice(0, 2).map(({ name }) => name)
    )
  })
})

describe('a message that is read', () => {
  it('is none with another opcode or response code, or of another length', () => {
    const message = encode({ type: 'query', questions: [{ type: 'PTR', name: TYPE }] })
    assert.ok(isPlausible(message))
    const with2 = (byte: number, bits: number) => {
      const changed = Buffer.from(message)
      changed[byte] = bits
      return changed
    }
    assert.equal(isPlausible(with2(2, 0x08)), false)
    assert.equal(isPlausible(with2(3, 0x03)), false)
    assert.equal(isPlausible(message.subarray(0, 11)), false)
    assert.equal(isPlausible(Buffer.alloc(9001)), false)
    // Other bits are ignored.
    assert.ok(isPlausible(with2(2, 0x07)))
    assert.ok(isPlausible(with2(3, 0xf0)))
  })

  it('has questions of class IN and ANY, by multicast and by unicast, and no others', () => {
    for (const [code, unicast] of [
      [0x0001, false],
      [0x00ff, false],
      [0x8001, true],
      [0x80ff, true],
      [0x0003, null]
    ] as const) {
      const message = encode({ type: 'query', questions: [{ type: 'PTR', name: TYPE }] })
      message.writeUInt16BE(code, message.length - 2)
      assert.deepEqual(readMessage(message).questions, unicast === null ? [] : [{ name: TYPE, type: 'PTR', unicast }])
    }
  })

  it('knows IPv6 addresses however they are written', () => {
    const [read] = readMessage(
      encode({ type: 'response', answers: [{ type: 'AAAA', name: 'a.local', data: 'FD77:0:0:1::A' }] })
    ).answers
    assert.ok(read?.type === 'AAAA' && read.address === 'fd77:0:0:1::a')
  })

  it('has no records of other classes and types', () => {
    const answers = [
      { type: 'A', name: 'a.local', class: 'CH', data: '10.0.0.1' },
      { type: 'HINFO', name: 'a.local', data: { cpu: '', os: '' } }
    ] as const
    assert.deepEqual(readMessage(encode({ type: 'response', answers: [...answers] })).answers, [])
  })

  it('compares names without regard to case, in ASCII alone', () => {
    const pointer = (target: string) => resource(TYPE, 120, false, { type: 'PTR', target })
    assert.equal(pointer(`aa.${TYPE}`).key, pointer(`AA.${TYPE.toUpperCase()}`).key)
    assert.notEqual(pointer('K.local').key, pointer('\u212a.local').key)
  })

  it('of any bytes is a message or an error', () => {
    let seed = 1
    const next = () => (seed = (seed * 48_271) % 2_147_483_647)
    const valid = responsesWith(recordsOf('AA'), [])[0] ?? Buffer.alloc(0)
    for (let round = 0; round < 2000; round++) {
      const bytes = Buffer.from(valid.subarray(0, round % 2 === 0 ? valid.length : next() % valid.length))
      for (let i = 0; i < 1 + (next() % 4) && bytes.length > 0; i++) bytes[next() % bytes.length] = next() & 255
      try {
        readMessage(bytes)
      } catch (error) {
        assert.ok(error instanceof Error)
      }
    }
  })
})

it('an instance name has a uuid where it is hexadecimal and of the type', () => {
  assert.equal(uuidIn(`0ab.${TYPE}`, TYPE), '0AB')
  assert.equal(uuidIn(`0ab.${TYPE.toUpperCase()}`, TYPE), '0AB')
  for (const name of [TYPE, `.${TYPE}`, `xyz.${TYPE}`, `A.B.${TYPE}`, `A${TYPE}`, 'A._other._tcp.local', ''])
    assert.equal(uuidIn(name, TYPE), null)
})
