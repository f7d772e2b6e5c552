import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import fc from 'fast-check'
import type { InterfaceAddress } from '#tcpnet/addon.js'
import type { Instance } from '#tcpnet/discovery/discovery.js'
import { instanceOf, joined, MAX_ANSWERS, MAX_PATHS } from '#tcpnet/discovery/instance.js'
import { parseTxt } from '#tcpnet/discovery/txt.js'
import { interfacesWith } from '#tcpnet/net/addresses.js'
import { anyText } from '../support/any-text.js'
import { located } from '../support/sightings.js'

function entry(index: number, name: string, address: string, prefixLength: number): InterfaceAddress {
  const family = address.includes(':') ? 6 : 4
  return { index, name, family, address, prefixLength, loopback: name === 'lo', up: true }
}

const INTERFACES = interfacesWith([
  entry(1, 'lo', '127.0.0.1', 8),
  entry(2, 'eth0', '192.0.2.5', 24),
  entry(3, 'eth1', '198.51.100.5', 24)
])

/** The instance A1 at this location. */
function read(...parts: Parameters<typeof located>): Instance | null {
  return instanceOf('A1', located(...parts), INTERFACES)
}

describe('an instance that a daemon has located', () => {
  it('is given with all its fields', () => {
    const { txt, ...rest } = read({ txt: ['v=1', 'sec=none'] }) ?? assert.fail('it has no location')
    assert.deepEqual({ ...txt }, { v: '1', sec: 'none' })
    assert.deepEqual(rest, {
      uuid: 'A1',
      host: 'alpha.local',
      port: 4000,
      paths: [{ interfaceIndex: 2, family: 4, address: '192.0.2.1' }]
    })
  })

  const hosts: [string, string, string][] = [
    ['as Avahi writes it', 'h\\195\\180st.local', 'hôst.local'],
    ["as Apple's library writes it", 'hôst.local', 'hôst.local'],
    ['with an escaped dot, backslash and space', 'a\\.b\\\\c\\032d.local', 'a.b\\c d.local'],
    ['with a truncated escape', 'host\\', 'host\\'],
    ['with C0 and C1 controls', 'a\\027[2J\u009bm.local', 'a\\u{1b}[2J\\u{9b}m.local'],
    ['with marks of direction', '\u202elacol.\u2066', '\\u{202e}lacol.\\u{2066}'],
    ['with separators of lines', 'a\nb\u2028c', 'a\\u{a}b\\u{2028}c'],
    ['that is not UTF-8', 'a\\255b', 'a\ufffdb'],
    ['of any length', 'x'.repeat(9000), `${'x'.repeat(255)}…`],
    ['of any length when it is escaped', '\u0001'.repeat(200), `${'\\u{1}'.repeat(51)}…`]
  ]
  for (const [name, host, shown] of hosts) {
    it(`has a host name that can be shown: ${name}`, () => assert.equal(read({ host })?.host, shown))
  }

  for (const port of [0, -1, 65536, 1.5, Number.NaN]) {
    it(`is not located with port ${port}`, () => assert.equal(read({ port }), null))
  }
  for (const port of [1, 65535]) {
    it(`is located with port ${port}`, () => assert.equal(read({ port })?.port, port))
  }

  it('has its paths in the order in which they were learned, each once', () => {
    const [here, there] = [located({}, ['192.0.2.1', 'fe80::1', '192.0.2.1']), located({}, ['fe80::1'], 3)]
    assert.deepEqual(read({ paths: [...here.paths, ...there.paths, ...here.paths] })?.paths, [
      { interfaceIndex: 2, family: 4, address: '192.0.2.1' },
      { interfaceIndex: 2, family: 6, address: 'fe80::1' },
      { interfaceIndex: 3, family: 6, address: 'fe80::1' }
    ])
  })

  it('has only paths with the address of a host, and is not located without one', () => {
    const bad = ['alpha.local', '', '256.1.1.1', '::ffff:1.2.3.4', '__proto__', '0.0.0.0', '224.0.0.251', '127.0.0.1']
    assert.deepEqual(
      read({}, [...bad, 'fe80::1'])?.paths.map(({ address }) => address),
      ['fe80::1']
    )
    assert.equal(read({}, bad), null)
    assert.equal(read({}, []), null)
  })

  it('keeps an address of this machine unless another machine announced it', () => {
    for (const origin of ['this machine', 'unknown'] as const)
      assert.equal(read({}, ['192.0.2.5'], 2, origin)?.paths.length, 1, origin)
    assert.equal(read({}, ['192.0.2.5'], 2, 'another machine'), null)
    assert.equal(read({}, ['192.0.2.6'], 2, 'another machine')?.paths.length, 1)
    assert.equal(read({}, ['127.0.0.1'], 1, 'another machine')?.paths.length, 1)
  })

  it(`has at most ${MAX_PATHS} paths`, () => {
    const addresses = Array.from({ length: MAX_PATHS + 10 }, (_, n) => `192.0.2.${n + 10}`)
    const paths = read({}, ['0.0.0.0', ...addresses])?.paths ?? []
    assert.deepEqual(
      paths.map(({ address }) => address),
      addresses.slice(0, MAX_PATHS)
    )
  })
})

describe('two answers about an instance', () => {
  const at = (addresses: readonly string[], change = {}, interfaceIndex = 2) =>
    read(change, addresses, interfaceIndex) ?? assert.fail('it has no location')
  const OWN = { v: '1', sec: 'none' }
  const addressesOf = ({ paths }: Instance) => paths.map((path) => `${path.interfaceIndex} ${path.address}`)

  it('are merged if they agree on host and port: the paths of the first, then those of the second', () => {
    const both = joined(at(['192.0.2.1', 'fe80::1']), at(['fe80::1', '198.51.100.1'], { txt: ['v=2'] }, 3), OWN)
    assert.deepEqual(addressesOf(both), ['2 192.0.2.1', '2 fe80::1', '3 fe80::1', '3 198.51.100.1'])
    assert.deepEqual({ ...both.txt }, { v: '2' })
    assert.deepEqual(addressesOf(joined(at(['192.0.2.1']), at(['192.0.2.1']), OWN)), ['2 192.0.2.1'])
  })

  it('are both kept if they disagree on host or port, the later one first', () => {
    const later = at(['192.0.2.9'])
    for (const change of [{ port: 5000 }, { host: 'beta.local' }]) {
      const { host, port, paths, ...earlier } = at(['192.0.2.1'], change)
      const both = joined({ host, port, paths, ...earlier }, later, OWN)
      assert.deepEqual(both, { ...later, others: [{ host, port, paths }] })
      const again = joined(both, at(['192.0.2.2'], change), OWN)
      assert.deepEqual([again.port, addressesOf(again)], [port, ['2 192.0.2.1', '2 192.0.2.2']])
      assert.deepEqual(again.others, [{ host: later.host, port: later.port, paths: later.paths }])
    }
    assert.equal(joined(null, later, OWN), later)
  })

  it(`are never more than ${MAX_ANSWERS}, and the one that is dropped is not always the same`, () => {
    const kept = (random: number) => {
      mock.method(Math, 'random', () => random, { times: 1 })
      const all = Array.from({ length: MAX_ANSWERS + 1 }, (_, n) => at(['192.0.2.9'], { port: 5000 + n }))
      const [first, ...later] = all
      const result = later.reduce((before, answer) => joined(before, answer, OWN), first ?? assert.fail())
      return [result, ...(result.others ?? [])].map(({ port }) => port)
    }
    const [one, other] = [kept(0), kept(0.99)]
    assert.deepEqual([one.length, other.length], [MAX_ANSWERS, MAX_ANSWERS])
    assert.deepEqual([one[0], other[0]], [5000 + MAX_ANSWERS, 5000 + MAX_ANSWERS])
    assert.notDeepEqual(one, other)
  })

  it('give the one with our kind of security, whichever comes first', () => {
    for (const [own, ours, other] of [
      [{ sec: 'secret' }, ['sec=secret'], []],
      [{ sec: 'none' }, [], ['sec=secret']],
      [{ sec: 'none' }, ['sec=none'], ['sec=tls']]
    ] as const) {
      const [right, wrong] = [at(['192.0.2.1'], { txt: ours }), at(['192.0.2.1', '192.0.2.9'], { txt: other })]
      assert.equal(joined(right, wrong, own), right)
      assert.equal(joined(wrong, right, own), right)
      assert.equal(joined(null, wrong, own), wrong)
    }
  })

  it(`give at most ${MAX_PATHS} paths`, () => {
    const half = (first: number) => Array.from({ length: 40 }, (_, n) => `192.0.2.${first + n}`)
    assert.equal(joined(at(half(10)), at(half(60)), OWN).paths.length, MAX_PATHS)
  })
})

describe('the text of an instance (RFC 6763 §6.4)', () => {
  const cases: [string[], Record<string, string>][] = [
    [[], {}],
    [['v=1', 'sec=secret'], { v: '1', sec: 'secret' }],
    [['V=1', 'v=2'], { v: '1' }],
    [['sec'], { sec: '' }],
    [['sec='], { sec: '' }],
    [['=value', '', '='], {}],
    [['v=b=c'], { v: 'b=c' }],
    [['__proto__=x', 'constructor=y', 'vv=1', 'se=2', 'security=3'], {}],
    [[`sec=${'x'.repeat(251)}`], { sec: 'x'.repeat(12) }],
    [[...Array.from({ length: 2600 }, (_, n) => `k${n}=${n}`), 'v=1', 'v=2'], { v: '1' }]
  ]
  for (const [strings, expected] of cases) {
    it(`is read: ${JSON.stringify(strings).slice(0, 60)}`, () => {
      assert.deepEqual(Object.entries(parseTxt(strings)), Object.entries(expected))
    })
  }

  it('never throws, and has only keys that were given', () => {
    fc.assert(
      fc.property(fc.array(anyText), (strings) => {
        for (const [key, value] of Object.entries(parseTxt(strings))) {
          assert.ok(strings.some((string) => string.toLowerCase().startsWith(key)))
          assert.ok((key === 'v' || key === 'sec') && value.length <= 12)
        }
      })
    )
  })
})
