// Compares docs/protocol.md with the code: bytes, lines, and which of two uuids is the higher.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { encode, type Question } from 'dns-packet'
import { instancesIn } from '#tcpnet/discovery/dns-message.js'
import { decodeMessage } from '#tcpnet/discovery/dns-reader.js'
import {
  decodeAnswer,
  decodeHello,
  encodeAnswer,
  encodeHello,
  HelloError,
  type RefusalReason
} from '#tcpnet/mesh/hello.js'
import { DEFAULT_LIMITS } from '#tcpnet/mesh/limits.js'
import { MAX_LINE_BYTES } from '#tcpnet/net/line.js'
import { isHigher } from '#tcpnet/uuid.js'

const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8')
const TYPE = '_my-cluster._tcp.local'

/** The block after a comment such as `<!-- line: ok -->`. */
function block(kind: 'bytes' | 'line', name: string): string {
  const [, text] = new RegExp(`<!-- ${kind}: ${name} -->\\n\\n\`\`\`\\n([^\`]*)\`\`\``).exec(page) ?? []
  return text ?? assert.fail(`docs/protocol.md shows no ${kind} "${name}"`)
}

const bytes = (name: string): Buffer => Buffer.from(block('bytes', name).replaceAll('\n', ''), 'hex')

/** The rows of the table whose header begins with this cell. */
function rows(head: string): string[][] {
  const [, table = assert.fail(`no table "${head}"`)] = page.split(`\n| ${head} `)
  const lines = table.split('\n\n')[0]?.split('\n').slice(2) ?? []
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split(' | ')
      .map((cell) => cell.trim().replaceAll('`', ''))
  )
}

test('the hello, as a line and as bytes', () => {
  const line = block('line', 'hello')
  const hello = decodeHello(line)
  assert.ok(!(hello instanceof Error), String(hello))
  assert.equal(encodeHello(hello), line)
  assert.equal(bytes('hello').toString(), line)
  const fields = rows('field').map(([name = '']) => name)
  assert.deepEqual(fields, Object.keys(JSON.parse(line) as object))
})

test('how a hello is read', () => {
  const line = block('line', 'hello').trimEnd()
  const reading = (from: string, to: string): unknown => {
    assert.ok(line.includes(from), from)
    const read = decodeHello(line.replace(from, to))
    return read instanceof HelloError ? read.reason : read
  }
  const hello = decodeHello(line)
  for (const [from, to] of [
    ['"keepalive":2}', '"keepalive":2}\r'],
    ['"tcpnet":1', '"tcpnet":1.0'],
    ['"seq":0,"dial":1', '"seq":0e0,"dial":1e0'],
    ['"dial":1', '"later":[[{}]],"dial":1']
  ] as const)
    assert.deepEqual(reading(from, to), hello, to)
  assert.equal(reading('"tcpnet":1,', ''), 'version')
  assert.equal(reading('"seq":0', '"seq":4294967296'), 'invalid')
  const absent = { dial: null, port: null, keepalive: null }
  const [some, none] = ['"dial":1,"port":4711,"keepalive":2', '"dial":-1,"port":0,"keepalive":0']
  assert.deepEqual(reading(some, none), { ...hello, ...absent })
})

test('the answers', () => {
  for (const status of ['ok', 'connected', 'refused']) {
    const line = block('line', status)
    const answer = decodeAnswer(line)
    assert.ok(!(answer instanceof Error), String(answer))
    assert.equal(answer.status, status)
    assert.equal(encodeAnswer(answer), line)
  }
})

test('every reason of a refusal', () => {
  const reasons: Record<RefusalReason, true> = {
    ...{ version: true, invalid: true, name: true, 'not-me': true, self: true, full: true, busy: true, unwanted: true }
  }
  const shown = rows('the hello').flatMap(([, answer = '']) => /^refused, ([a-z-]+)$/.exec(answer)?.[1] ?? [])
  assert.deepEqual([...shown, 'busy'].sort(), Object.keys(reasons).sort())
  for (const reason of [...shown, 'busy']) {
    assert.deepEqual(decodeAnswer(`{"tcpnet":1,"status":"refused","reason":"${reason}"}`), {
      status: 'refused',
      reason
    })
  }
})

test('the questions and an answer of multicast DNS', () => {
  const asked = (question: Question) => encode({ type: 'query', id: 0, questions: [question] })
  assert.deepEqual(bytes('question'), asked({ type: 'PTR', name: TYPE }))
  assert.deepEqual(bytes('locate'), asked({ type: 'ANY' as Question['type'], name: `B2.${TYPE}` }))
  const where = { type: TYPE, interfaceIndex: 7, fromThisMachine: false, anyAddress: true }
  assert.deepEqual(
    instancesIn(decodeMessage(bytes('answer')), where).map(({ txt, ...instance }) => ({
      ...instance,
      txt: { ...txt }
    })),
    [
      {
        uuid: 'B2',
        host: 'beta.local',
        port: 4712,
        txt: { v: '1', sec: 'none' },
        paths: [{ interfaceIndex: 7, family: 4, address: '10.0.0.2' }]
      }
    ]
  )
})

test('which uuid is the higher', () => {
  const pairs = rows('lower')
  assert.equal(pairs.length, 4)
  for (const [lower = '', higher = ''] of pairs) {
    assert.ok(isHigher(higher, lower) && !isHigher(lower, higher), `${higher} is higher than ${lower}`)
  }
})

test('the limits', () => {
  const { helloTimeoutMs, maxHellos, maxHellosPerAddress } = DEFAULT_LIMITS
  assert.deepEqual([helloTimeoutMs, maxHellos, maxHellosPerAddress, MAX_LINE_BYTES], [5000, 256, 32, 4096])
  for (const words of ['At most 4,096 bytes', '5 seconds', '256 connections in all or 32 from one address'])
    assert.ok(page.includes(words), words)
})
