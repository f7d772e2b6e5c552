import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { TcpnetError } from '#tcpnet/index.js'
import {
  type Answer,
  decodeAnswer,
  decodeHello,
  encodeAnswer,
  encodeHello,
  type Hello,
  MAX_COUNT
} from '#tcpnet/mesh/hello.js'
import { anyText } from '../support/any-text.js'
import { WHOLE } from '../support/long.js'

const BOOT = '0123456789abcdef'
const HELLO: Hello = { name: 'my-cluster', from: 'A1', boot: BOOT, to: 'B2', seq: 0, dial: 1, port: 4000, keepalive: 2 }

/** A hello's fields as on the wire, with some replaced. */
function wire(fields: Record<string, unknown> = {}): string {
  return JSON.stringify({ tcpnet: 1, ...HELLO, ...fields })
}

describe('the line of the hello', () => {
  it('has the form of the protocol', () => {
    assert.equal(
      encodeHello({ ...HELLO, seq: 3 }),
      `{"tcpnet":1,"name":"my-cluster","from":"A1","boot":"${BOOT}","to":"B2","seq":3,"dial":1,"port":4000,"keepalive":2}\n`
    )
  })

  it('gives uuids in their canonical form', () => {
    assert.deepEqual(decodeHello(wire({ from: 'abc', to: '0d' })), { ...HELLO, from: 'ABC', to: '0D' })
  })

  it('may have spaces and unknown fields', () => {
    const line = `  ${wire({ future: { x: [1] }, constructor: 1 }).replace('{', '{ "__proto__": {"name": 1}, ')}\r`
    assert.deepEqual(decodeHello(line), HELLO)
  })

  it('may have no number of the dial, as in older versions, or an invalid one', () => {
    for (const dial of [undefined, null, -1, '1', 0.5]) {
      assert.deepEqual(decodeHello(wire({ dial })), { ...HELLO, dial: null })
    }
  })

  it('may have no port of the dialer, as in older versions, or an invalid one', () => {
    for (const port of [undefined, null, 0, -1, 65_536, '80', 0.5]) {
      assert.deepEqual(decodeHello(wire({ port })), { ...HELLO, port: null })
    }
  })

  it('may promise no keep-alive, as in older versions, or an invalid one', () => {
    for (const keepalive of [undefined, null, 0, -1, 32_768, '2', 0.5, true, [2]]) {
      assert.deepEqual(decodeHello(wire({ keepalive })), { ...HELLO, keepalive: null })
    }
  })

  const wrong: [string, string, string][] = [
    ['nothing', '', 'ERR_TCPNET_HELLO_INVALID'],
    ['no JSON', 'GET / HTTP/1.1', 'ERR_TCPNET_HELLO_INVALID'],
    ['a part of a hello', wire().slice(0, -1), 'ERR_TCPNET_HELLO_INVALID'],
    ['null', 'null', 'ERR_TCPNET_HELLO_INVALID'],
    ['a number', '1', 'ERR_TCPNET_HELLO_INVALID'],
    ['an array', '[1]', 'ERR_TCPNET_HELLO_INVALID'],
    ['deep nesting', '['.repeat(2000), 'ERR_TCPNET_HELLO_INVALID'],
    ['an empty object', '{}', 'ERR_TCPNET_VERSION'],
    ['another version', wire({ tcpnet: 2 }), 'ERR_TCPNET_VERSION'],
    ['the version as text', wire({ tcpnet: '1' }), 'ERR_TCPNET_VERSION'],
    ['no name', wire({ name: undefined }), 'ERR_TCPNET_HELLO_INVALID'],
    ['a name that is not a string', wire({ name: 1 }), 'ERR_TCPNET_HELLO_INVALID'],
    ['a sender that is not a uuid', wire({ from: '__proto__' }), 'ERR_TCPNET_HELLO_INVALID'],
    ['an empty sender', wire({ from: '' }), 'ERR_TCPNET_HELLO_INVALID'],
    ['a sender of 64 digits', wire({ from: 'A'.repeat(64) }), 'ERR_TCPNET_HELLO_INVALID'],
    ['a sender in an array', wire({ from: ['A'] }), 'ERR_TCPNET_HELLO_INVALID'],
    ['a sender with a newline at its end', wire({ from: 'A\n' }), 'ERR_TCPNET_HELLO_INVALID'],
    ['no addressee', wire({ to: undefined }), 'ERR_TCPNET_HELLO_INVALID'],
    ['a boot that is too short', wire({ boot: BOOT.slice(1) }), 'ERR_TCPNET_HELLO_INVALID'],
    ['a boot that is a number', wire({ boot: 1234567890123456 }), 'ERR_TCPNET_HELLO_INVALID'],
    ['no seq', wire({ seq: undefined }), 'ERR_TCPNET_HELLO_INVALID'],
    ['a negative seq', wire({ seq: -1 }), 'ERR_TCPNET_HELLO_INVALID'],
    ['a seq with a fraction', wire({ seq: 0.5 }), 'ERR_TCPNET_HELLO_INVALID'],
    ['a seq that is text', wire({ seq: '1' }), 'ERR_TCPNET_HELLO_INVALID'],
    ['a seq beyond all numbers', wire().replace('"seq":0', '"seq":1e999'), 'ERR_TCPNET_HELLO_INVALID'],
    ['a seq beyond all counts', wire({ seq: 2 ** 32 }), 'ERR_TCPNET_HELLO_INVALID']
  ]
  for (const [name, line, code] of wrong) {
    it(`is refused with ${code} if it is ${name}`, () => {
      const error = decodeHello(line)
      assert.ok(error instanceof TcpnetError, 'it was taken')
      assert.equal(error.code, code)
    })
  }
})

describe('the line of the answer', () => {
  const right: [string, string, Answer][] = [
    ['ok', `{"tcpnet":1,"status":"ok","seq":1,"boot":"${BOOT}"}`, { status: 'ok', seq: 1, boot: BOOT }],
    ['connected', '{"tcpnet":1,"status":"connected","x":1}', { status: 'connected' }],
    ['refused', '{"tcpnet":1,"status":"refused","reason":"not-me"}', { status: 'refused', reason: 'not-me' }],
    [
      'refused for a new reason',
      '{"tcpnet":1,"status":"refused","reason":"mood"}',
      { status: 'refused', reason: null }
    ],
    ['refused without reason', '{"tcpnet":1,"status":"refused"}', { status: 'refused', reason: null }],
    [
      'refused by another version',
      '{"tcpnet":2,"status":"refused","reason":"version"}',
      { status: 'refused', reason: 'version' }
    ]
  ]
  for (const [name, line, answer] of right) it(`is read: ${name}`, () => assert.deepEqual(decodeAnswer(line), answer))

  const wrong: [string, string, string][] = [
    ['no JSON', 'SSH-2.0-OpenSSH_9.2', 'ERR_TCPNET_HELLO_INVALID'],
    ['a hello', wire(), 'ERR_TCPNET_HELLO_INVALID'],
    ['ok without seq', `{"tcpnet":1,"status":"ok","boot":"${BOOT}"}`, 'ERR_TCPNET_HELLO_INVALID'],
    ['ok with a negative seq', `{"tcpnet":1,"status":"ok","seq":-1,"boot":"${BOOT}"}`, 'ERR_TCPNET_HELLO_INVALID'],
    [
      'ok with a seq beyond all counts',
      `{"tcpnet":1,"status":"ok","seq":${MAX_COUNT + 1},"boot":"${BOOT}"}`,
      'ERR_TCPNET_HELLO_INVALID'
    ],
    ['ok without a boot', '{"tcpnet":1,"status":"ok","seq":7}', 'ERR_TCPNET_HELLO_INVALID'],
    ['ok with a boot of another form', '{"tcpnet":1,"status":"ok","seq":7,"boot":1}', 'ERR_TCPNET_HELLO_INVALID'],
    ['an unknown status', '{"tcpnet":1,"status":"maybe"}', 'ERR_TCPNET_HELLO_INVALID'],
    ['a status of the prototype', '{"tcpnet":1,"status":"toString"}', 'ERR_TCPNET_HELLO_INVALID'],
    ['ok of another version', '{"tcpnet":2,"status":"ok","seq":1}', 'ERR_TCPNET_VERSION']
  ]
  for (const [name, line, code] of wrong) {
    it(`is refused with ${code} if it is ${name}`, () => {
      const error = decodeAnswer(line)
      assert.ok(error instanceof TcpnetError, 'it was taken')
      assert.equal(error.code, code)
    })
  }
})

describe('the lines, at random', () => {
  const digits = (most: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789ABCDEF'), minLength: 1, maxLength: most })
  const boot = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 16, maxLength: 16 })
  const count = fc.nat({ max: MAX_COUNT })
  const hello: fc.Arbitrary<Hello> = fc.record(
    {
      name: anyText,
      from: digits(63),
      boot,
      to: digits(63),
      seq: count,
      dial: fc.option(count),
      port: fc.option(fc.integer({ min: 1, max: 65_535 })),
      keepalive: fc.option(fc.integer({ min: 1, max: 32_767 }))
    },
    { noNullPrototype: true }
  )
  const answer: fc.Arbitrary<Answer> = fc.oneof(
    fc.record({ status: fc.constant('ok' as const), seq: count, boot }, { noNullPrototype: true }),
    fc.constant({ status: 'connected' as const }),
    fc.record(
      {
        status: fc.constant('refused' as const),
        reason: fc.constantFrom('version', 'name', 'not-me', 'self', 'full', 'busy', null)
      },
      { noNullPrototype: true }
    )
  )

  it('are decoded as they were encoded', () => {
    fc.assert(fc.property(hello, (value) => assert.deepEqual(decodeHello(encodeHello(value)), value)))
    fc.assert(fc.property(answer, (value) => assert.deepEqual(decodeAnswer(encodeAnswer(value)), value)))
  })

  it('are one line, whatever the name', () => {
    fc.assert(
      fc.property(hello, (value) => assert.equal(encodeHello(value).indexOf('\n'), encodeHello(value).length - 1))
    )
  })

  it('may have unknown fields, which are ignored', () => {
    const unknown = fc.dictionary(fc.string(), fc.jsonValue())
    fc.assert(
      fc.property(hello, unknown, (value, more) => {
        assert.deepEqual(decodeHello(JSON.stringify({ ...more, tcpnet: 1, ...value })), value)
      })
    )
  })

  it('never throw, whatever the input', () => {
    const bytes = fc.uint8Array({ maxLength: 4096 }).map((array) => Buffer.from(array).toString('utf8'))
    const fields = fc.record(
      {
        tcpnet: fc.constantFrom(1, 2, '1'),
        name: fc.jsonValue(),
        from: fc.jsonValue(),
        boot: fc.jsonValue(),
        to: fc.jsonValue(),
        seq: fc.jsonValue(),
        status: fc.jsonValue()
      },
      { requiredKeys: [] }
    )
    const lines = fc.oneof(
      bytes,
      fc.string(),
      fc.json(),
      fields.map((value) => JSON.stringify(value))
    )
    fc.assert(
      fc.property(lines, (line) => {
        for (const result of [decodeHello(line), decodeAnswer(line)]) {
          assert.ok(result instanceof TcpnetError || 'seq' in result || 'status' in result)
        }
      }),
      { numRuns: WHOLE ? 5000 : 500 }
    )
  })
})
