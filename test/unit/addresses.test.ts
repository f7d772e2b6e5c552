import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addon } from '#tcpnet/addon.js'
import {
  canonical,
  dialable,
  familyOf,
  interfacesWith,
  isHost,
  isLinkLocal,
  isLoopback,
  isWildcard,
  splitScope
} from '#tcpnet/net/addresses.js'

describe('an address', () => {
  it('has the family that net.isIP finds', () => {
    const texts = [
      '',
      '1',
      '1.2.3',
      '1.2.3.4',
      '01.2.3.4',
      '256.1.1.1',
      '1.2.3.4.5',
      ':',
      '::',
      ':::',
      '::1',
      '1::1::1'
    ]
    texts.push(
      '1:2:3:4:5:6:7:8',
      '1:2:3:4:5:6:7::',
      '1:2:3:4:5:6:7:8:9',
      '::12345',
      '::g',
      '::1.2.3.4',
      '::1.2.3',
      'a:b'
    )
    texts.push('FE80::AB', '::1]/[', '[::1]', '::1/64', ' ::1', '::1 ', '::1@', 'x::1', 'localhost', 'BEEF')
    for (const text of texts) assert.equal(familyOf(text), isIP(text), text)
    const group = fc.constantFrom('0', '00ff', 'ABC', '', '', '1.2.3.4', '10000')
    const joined = fc.array(group, { minLength: 1, maxLength: 9 }).map((groups) => groups.join(':'))
    fc.assert(fc.property(joined, (text) => assert.equal(familyOf(text), isIP(text), text)))
  })

  it('is split from its scope', () => {
    assert.deepEqual(splitScope('fe80::1%eth0'), { bare: 'fe80::1', scope: 'eth0' })
    assert.deepEqual(splitScope('fe80::1%2%3'), { bare: 'fe80::1', scope: '2%3' })
    assert.deepEqual(splitScope('192.0.2.1'), { bare: '192.0.2.1', scope: null })
    assert.deepEqual(splitScope(''), { bare: '', scope: null })
  })

  it('has one canonical form', () => {
    const forms = {
      '::1': ['::1', '0:0:0:0:0:0:0:1', '::0001', '::1'],
      '::': ['::', '0:0:0:0:0:0:0:0', '0::0'],
      '127.0.0.1': ['127.0.0.1', '::ffff:127.0.0.1', '::FFFF:7f00:1', '::ffff:127.0.0.1%lo'],
      '2001:db8::1': ['2001:DB8::1', '2001:db8:0:0::0001'],
      'fe80::1%eth0': ['FE80::1%eth0', 'fe80:0::1%eth0'],
      localhost: ['localhost'],
      'FE80::x': ['FE80::x']
    }
    for (const [form, given] of Object.entries(forms)) {
      for (const one of given) assert.equal(canonical(one), form, one)
    }
  })

  const kinds: [string, 'wildcard' | 'loopback' | 'link-local' | 'other'][] = [
    ['0.0.0.0', 'wildcard'],
    ['::', 'wildcard'],
    ['127.0.0.1', 'loopback'],
    ['127.255.0.3', 'loopback'],
    ['::1', 'loopback'],
    ['fe80::1', 'link-local'],
    ['FE80::1', 'link-local'],
    ['febf::1', 'link-local'],
    ['fec0::1', 'other'],
    ['fe8::1', 'other'],
    ['128.0.0.1', 'other'],
    ['127.example', 'other'],
    ['::2', 'other'],
    ['0.0.0.1', 'other'],
    ['192.0.2.1', 'other'],
    ['2001:db8::fe80', 'other'],
    ['localhost', 'other']
  ]
  for (const [address, kind] of kinds) {
    it(`${address} is ${kind}`, () => {
      assert.equal(isWildcard(address), kind === 'wildcard')
      assert.equal(isLoopback(address), kind === 'loopback')
      assert.equal(isLinkLocal(address), kind === 'link-local')
    })
  }
})

describe('the paths of an instance', () => {
  const on = (interfaceIndex: number, address: string) => {
    return { interfaceIndex, address, family: address.includes(':') ? 6 : 4 } as const
  }
  const entry = (index: number, address: string, prefixLength: number) => {
    const { family } = on(index, address)
    return { index, name: `eth${index}`, family, address, prefixLength, loopback: false, up: true }
  }
  const table = interfacesWith([entry(2, '192.0.2.9', 24), entry(2, '2001:db8::9', 64), entry(3, '192.0.2.8', 24)])
  const interfaces = () => table

  it('are dialed in their order, each address once', () => {
    const paths = [on(3, '192.0.2.2'), on(2, '2001:db8::1'), on(2, '192.0.2.2'), on(2, '192.0.2.1')]
    assert.deepEqual(dialable(paths, interfaces), [
      { address: '192.0.2.2', family: 4 },
      { address: '2001:db8::1', family: 6 },
      { address: '192.0.2.1', family: 4 }
    ])
  })

  it('have the name of their interface if they are link-local', () => {
    assert.deepEqual(dialable([on(3, 'fe80::1')], interfaces), [{ address: 'fe80::1%eth3', family: 6 }])
  })

  it('are left out if Node rejects the name of their interface, unless there is no other', () => {
    const odd = interfacesWith([{ ...entry(4, '192.0.2.9', 24), name: 'my_if' }])
    const near = [on(4, 'fe80::1'), on(4, '192.0.2.1')]
    assert.deepEqual(
      dialable(near, () => odd),
      [{ address: '192.0.2.1', family: 4 }]
    )
    assert.deepEqual(
      dialable(near.slice(0, 1), () => odd),
      [{ address: 'fe80::1%my_if', family: 6 }]
    )
  })

  it('are used as they are if they were made in this process, without listing the interfaces', () => {
    const none = () => assert.fail('asked for the interfaces')
    assert.deepEqual(dialable([on(0, '127.0.0.1')], none), [{ address: '127.0.0.1', family: 4 }])
  })

  it('may be none', () => assert.deepEqual(dialable([], interfaces), []))
})

describe('a loopback address', () => {
  it('is a host if it was announced on the loopback interface, and not otherwise', () => {
    const { index = 0 } =
      addon()
        .interfaces()
        .find(({ loopback }) => loopback) ?? {}
    assert.ok(index > 0)
    assert.deepEqual([isHost('127.0.0.2', index), isHost('127.0.0.2', index + 1000)], [true, false])
  })

  it('does not cause a listing of the interfaces each time that it is announced', (t) => {
    const { calls } = t.mock.method(addon(), 'interfaces').mock
    for (let i = 0; i < 10_000; i++) isHost(`127.0.0.${i % 250}`, 7)
    assert.ok(calls.length < 100, `listed ${calls.length} times`)
  })
})
