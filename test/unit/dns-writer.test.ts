// Writing DNS queries: another library writes the same bytes, and reads what was written.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decode, encode, type Question } from 'dns-packet'
import fc from 'fast-check'
import { decodeMessage } from '#tcpnet/discovery/dns-reader.js'
import { encodeQuery, nameBytes, type QueryQuestion } from '#tcpnet/discovery/dns-writer.js'
import { ANSWER } from '#tcpnet/warm.js'

const TYPE = '_my-cluster._tcp.local'
const label = (bytes: number) => 'a'.repeat(bytes)
/** The longest name: with the lengths of its labels and the root, 255 bytes (RFC 1035 §2.3.4). */
const LONGEST = [63, 63, 63, 61].map(label).join('.')

/** What dns-packet writes, whose types lack ANY. */
const expected = (questions: readonly QueryQuestion[]) =>
  encode({ type: 'query', id: 0, questions: questions as Question[] })

function check(...questions: QueryQuestion[]): void {
  const written = encodeQuery(questions)
  assert.deepEqual(written, expected(questions))
  const { type, id, flags, questions: read, answers, authorities, additionals } = decode(written)
  assert.deepEqual({ type, id, flags }, { type: 'query', id: 0, flags: 0 })
  assert.deepEqual(
    read,
    questions.map((question) => ({ ...question, class: 'IN' }))
  )
  assert.deepEqual([answers, authorities, additionals], [[], [], []])
}

describe('a written query', () => {
  it('asks for the members of a cluster, or for one of them', () => {
    check({ type: 'PTR', name: TYPE })
    check({ type: 'ANY', name: `0AF.${TYPE}` })
  })

  it('has as many questions as it is given', () => {
    check()
    const questions = Array.from({ length: 300 }, (_, at): QueryQuestion => ({ type: 'ANY', name: `${at}.${TYPE}` }))
    for (const count of [15, 255, 256, 300]) check(...questions.slice(0, count))
  })

  it('has names up to the longest', () => {
    assert.equal(nameBytes(LONGEST).length, 255)
    for (const name of [LONGEST, `${label(63)}.${TYPE}`, `${label(63)}._${label(15)}._tcp.local`, 'a', '.'])
      check({ type: 'ANY', name })
  })

  it('has any names, in UTF-8 (RFC 6762 §16)', () => {
    // dns-packet leaves out a dot that is next to a line terminator.
    const part = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
      .filter((text) => !/[.\n\r\u2028\u2029]/.test(text) && Buffer.byteLength(text) <= 63)
    const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'))
    const question = fc.record({ type: fc.constantFrom('PTR', 'ANY'), name })
    fc.assert(fc.property(fc.array(question, { maxLength: 20 }), (questions) => check(...questions)))
  })

  it('has line terminators as they are', () => {
    assert.deepEqual(nameBytes('\u2028.a\n'), Buffer.from('\x03\u2028\x02a\n\0'))
  })
})

it('the answer that is read at the import has a record of each type that is read', () => {
  const read = decode(ANSWER)
  assert.equal(read.type, 'response')
  assert.deepEqual(
    read.answers?.map(({ name, type }) => `${name} ${type}`),
    ['_a._tcp.local PTR', 'A._a._tcp.local SRV', 'A._a._tcp.local TXT', 'a.local A', 'a.local AAAA']
  )
  assert.deepEqual(
    decodeMessage(ANSWER).answers.map(({ type, data }) => [type, Buffer.isBuffer(data) ? data.toString() : data]),
    [
      ['PTR', 'A._a._tcp.local'],
      ['SRV', { priority: 0, weight: 0, port: 1, target: 'a.local' }],
      ['TXT', '\u0003v=1'],
      ['A', '192.0.2.1'],
      ['AAAA', '2001:db8::1']
    ]
  )
})
