// The wire format of messages: written ones are read by another library (RFC 6762 §16 to §18).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decode, encode } from 'dns-packet'
import { isPlausible, queriesWith, readMessage, responsesWith } from '#tcpnet/discovery/drivers/embedded/messages.js'
import { instanceName, uuidIn } from '#tcpnet/discovery/drivers/embedded/names.js'
import { resource } from '#tcpnet/discovery/drivers/embedded/records.js'
import { Writer } from '#tcpnet/discovery/drivers/embedded/writer.js'
import { recordsOf, TYPE } from './link-trial.js'

const UUID = 'F'.repeat(63)

describe('a written message', () => {
  it('has the same records when it is read', () => {
    const records = recordsOf(UUID)
    const [message] = responsesWith(records, [])
    const read = readMessage(message ?? Buffer.alloc(0)).answers
    assert.deepEqual(
      read.map(({ key, ttl, unique }) => [key, ttl, unique]),
      records.map(({ key, ttl, unique }) => [key, ttl, unique])
    )
  })

  it('has questions and known answers that another library reads', () => {
    const target = instanceName(UUID, TYPE)
    const known = [target, instanceName('AA', TYPE)].map((target) => resource(TYPE, 90, false, { type: 'PTR', target }))
    const [message, ...others] = queriesWith(
      [
        { name: TYPE, type: 'PTR', unicast: false },
        { name: target, type: 'ANY', unicast: false }
      ],
      known
    )
    assert.deepEqual(others, [])
    const { type, flags, questions, answers } = decode(message ?? Buffer.alloc(0))
    assert.deepEqual([type, flags], ['query', 0])
    assert.deepEqual(questions, [
      { name: TYPE, type: 'PTR', class: 'IN' },
      { name: target, type: 'ANY', class: 'IN' }
    ])
    assert.deepEqual(
      answers,
      known.map((record) => {
        const data = record.type === 'PTR' ? record.target : assert.fail(record.type)
        return { name: TYPE, type: 'PTR', class: 'IN', ttl: 90, flush: false, data }
      })
    )
  })

  it('has compressed names', () => {
    const [message] = responsesWith(recordsOf(UUID), [])
    const text = message?.toString('latin1') ?? ''
    for (const label of ['my-cluster', 'local', '_tcp']) assert.equal(text.split(label).length, 2, label)
    // As the first label of the instance name and of the host name.
    assert.equal(text.split(UUID).length, 3)
  })

  it('is never longer than the limit, and several messages have all records', () => {
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

  it('has no name with an empty label or one that is too long', () => {
    for (const name of [`${'\u{fffd}'.repeat(22)}.local`, 'a..local', '.local']) {
      assert.deepEqual(queriesWith([{ name, type: 'ANY', unicast: false }], []), [])
      assert.deepEqual(responsesWith([resource(name, 120, false, { type: 'PTR', target: 'a.local' })], []), [])
    }
  })

  it('has no name that is too long', () => {
    const name = (bytes: number) => Array.from({ length: bytes / 2 }, () => 'a').join('.') + 'a'.repeat((bytes % 2) + 1)
    const pointer = (target: string) => resource(TYPE, 120, false, { type: 'PTR', target })
    assert.equal(responsesWith([pointer(name(253))], []).length, 1)
    assert.equal(responsesWith([pointer(name(255))], []).length, 0)
  })

  it('takes all records or none', () => {
    const writer = new Writer({ kind: 'response', maxBytes: 120 })
    const records = recordsOf('AA')
    assert.equal(writer.add('answers', ...records), false)
    assert.ok(writer.isEmpty)
    for (const record of records.slice(0, 2)) assert.equal(writer.add('answers', record), true)
    // No compression pointer refers to removed bytes.
    assert.deepEqual(
      decode(writer.end()).answers?.map(({ name }) => name),
      records.slice(0, 2).map(({ name }) => name)
    )
  })
})

describe('a received message', () => {
  it('is ignored if it has another opcode or response code, or is too short or too long', () => {
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

  it('has only questions of the classes IN and ANY, with and without the QU bit', () => {
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

  it('has IPv6 addresses in canonical form', () => {
    const [read] = readMessage(
      encode({ type: 'response', answers: [{ type: 'AAAA', name: 'a.local', data: 'FD77:0:0:1::A' }] })
    ).answers
    assert.ok(read?.type === 'AAAA' && read.address === 'fd77:0:0:1::a')
  })

  it('has no records of unsupported classes and types', () => {
    const answers = [
      { type: 'A', name: 'a.local', class: 'CH', data: '10.0.0.1' },
      { type: 'HINFO', name: 'a.local', data: { cpu: '', os: '' } }
    ] as const
    assert.deepEqual(readMessage(encode({ type: 'response', answers: [...answers] })).answers, [])
  })

  it('has names that are compared without regard to the case of ASCII letters', () => {
    const pointer = (target: string) => resource(TYPE, 120, false, { type: 'PTR', target })
    assert.equal(pointer(`aa.${TYPE}`).key, pointer(`AA.${TYPE.toUpperCase()}`).key)
    assert.notEqual(pointer('K.local').key, pointer('\u212a.local').key)
  })

  it('with random bytes is read or throws an error', () => {
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

it('an instance name has a uuid if its first label is hexadecimal and the rest is the type', () => {
  assert.equal(uuidIn(`0ab.${TYPE}`, TYPE), '0AB')
  assert.equal(uuidIn(`0ab.${TYPE.toUpperCase()}`, TYPE), '0AB')
  for (const name of [TYPE, `.${TYPE}`, `xyz.${TYPE}`, `A.B.${TYPE}`, `A${TYPE}`, 'A._other._tcp.local', ''])
    assert.equal(uuidIn(name, TYPE), null)
})
