import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Instance } from '#tcpnet/discovery/discovery.js'
import { Instances, MAX_INSTANCES } from '#tcpnet/discovery/instances.js'
import { parseTxt } from '#tcpnet/discovery/txt.js'
import { type Found, found, lost } from './support/sightings.js'

/** Instances, and what they told, as text: `up A 192.0.2.1:4000`. */
function record(): { instances: Instances; told: string[]; last: () => Instance | undefined } {
  const told: string[] = []
  const ups: Instance[] = []
  const instances = new Instances({
    up: (instance) => {
      ups.push(instance)
      told.push(`up ${instance.uuid} ${instance.paths.map((path) => path.address).join(' ')}:${instance.port}`)
    },
    down: (uuid) => told.push(`down ${uuid}`)
  })
  instances.begin()
  return { instances, told, last: () => ups.at(-1) }
}

describe('an instance', () => {
  it('is told only from the beginning on, and then at once', () => {
    const told: string[] = []
    const instances = new Instances({
      up: ({ uuid }) => told.push(`up ${uuid}`),
      down: (uuid) => told.push(`down ${uuid}`)
    })
    instances.found(found('A1'))
    instances.found(found('B2'))
    instances.lost(lost('A1'))
    assert.deepEqual(told, [])
    instances.begin()
    assert.deepEqual(told, ['up B2'])
  })

  it('is told whole', () => {
    const { instances, last } = record()
    instances.found(
      found('A1', { host: 'alpha.local', port: 4000, txt: ['v=1', 'sec=none'], addresses: ['192.0.2.1'] })
    )
    const told = last()
    assert.equal(told?.uuid, 'A1')
    assert.equal(told?.host, 'alpha.local')
    assert.equal(told?.port, 4000)
    assert.deepEqual({ ...told?.txt }, { v: '1', sec: 'none' })
    assert.deepEqual(told?.paths, [{ interfaceIndex: 2, family: 4, address: '192.0.2.1' }])
  })

  const hosts: [string, string, string][] = [
    ['as Avahi writes it', 'h\\195\\180st.local', 'hôst.local'],
    ["as Apple's library writes it", 'hôst.local', 'hôst.local'],
    ['with an escaped dot, backslash and space', 'a\\.b\\\\c\\032d.local', 'a.b\\c d.local'],
    ['with an escape that is cut', 'host\\', 'host\\'],
    ['with C0 and C1 controls', 'a\\027[2J\u009bm.local', 'a\\u{1b}[2J\\u{9b}m.local'],
    ['with marks of direction', '\u202elacol.\u2066', '\\u{202e}lacol.\\u{2066}'],
    ['with separators of lines', 'a\nb\u2028c', 'a\\u{a}b\\u{2028}c'],
    ['that is no UTF-8', 'a\\255b', 'a\ufffdb'],
    ['of any length', 'x'.repeat(9000), `${'x'.repeat(255)}…`],
    ['of any length when it is escaped', '\u0001'.repeat(200), `${'\\u{1}'.repeat(51)}…`]
  ]
  for (const [name, host, shown] of hosts) {
    it(`has a host name that can be shown: ${name}`, () => {
      const { instances, last } = record()
      instances.found(found('A1', { host }))
      assert.equal(last()?.host, shown)
    })
  }

  it('is one, however many interfaces and families it is seen on', () => {
    const { instances, told, last } = record()
    instances.found(found('A1', { addresses: ['192.0.2.1'] }))
    instances.found(found('A1', { family: 6, addresses: ['fe80::1'] }))
    instances.found(found('A1', { interfaceIndex: 3, addresses: ['198.51.100.1', '192.0.2.1'] }))
    assert.deepEqual(told, [
      'up A1 192.0.2.1:4000',
      'up A1 192.0.2.1 fe80::1:4000',
      'up A1 192.0.2.1 fe80::1 198.51.100.1 192.0.2.1:4000'
    ])
    assert.deepEqual(last()?.paths.at(-1), { interfaceIndex: 3, family: 4, address: '192.0.2.1' })
    instances.lost(lost('A1'))
    instances.lost(lost('A1', { family: 6 }))
    assert.deepEqual(told.slice(3), ['up A1 fe80::1 198.51.100.1 192.0.2.1:4000', 'up A1 198.51.100.1 192.0.2.1:4000'])
    instances.lost(lost('A1', { interfaceIndex: 3 }))
    assert.deepEqual(told.slice(5), ['down A1'])
  })

  it('is told once where nothing changed: not the same, not its path over another family', () => {
    const { instances, told } = record()
    instances.found(found('A1'))
    instances.found(found('a1'))
    instances.found(found('A1', { family: 6 }))
    instances.lost(lost('A1'))
    assert.deepEqual(told, ['up A1 192.0.2.1:4000'])
  })

  it('is told again where its port, host, text or addresses changed', () => {
    const { instances, told } = record()
    for (const change of [{}, { port: 4001 }, { host: 'b.local' }, { txt: ['v=2'] }, { addresses: ['192.0.2.2'] }]) {
      instances.found(found('A1', change))
    }
    assert.equal(told.length, 5)
  })

  it('has the port and host that were told last, wherever they were told', () => {
    const { instances, last } = record()
    instances.found(found('A1', { port: 4000 }))
    instances.found(found('A1', { family: 6, port: 4000 }))
    instances.found(found('A1', { port: 5000, host: 'moved.local' }))
    assert.equal(last()?.port, 5000)
    assert.equal(last()?.host, 'moved.local')
  })

  it('has its paths in the order in which they were learned, also after one of them was told again', () => {
    const { instances, told } = record()
    instances.found(found('A1', { addresses: ['192.0.2.1'] }))
    instances.found(found('A1', { family: 6, addresses: ['fe80::1'] }))
    instances.found(found('A1', { addresses: ['192.0.2.1'] }))
    assert.equal(told.length, 2)
  })

  it('has bare addresses, and none that are no addresses', () => {
    const { instances, last } = record()
    instances.found(
      found('A1', { addresses: ['fe80::1%eth0', 'alpha.local', '', '256.1.1.1', '::ffff:1.2.3.4', '__proto__'] })
    )
    assert.deepEqual(
      last()?.paths.map((path) => `${path.family} ${path.address}`),
      ['6 fe80::1']
    )
  })

  it('is none without an address, and gone with its last', () => {
    const { instances, told } = record()
    instances.found(found('A1', { addresses: [] }))
    instances.lost(lost('A1'))
    assert.deepEqual(told, [])
    instances.found(found('A1'))
    instances.found(found('A1', { addresses: [] }))
    assert.deepEqual(told, ['up A1 192.0.2.1:4000', 'down A1'])
    instances.lost(lost('A1'))
    assert.equal(told.length, 2)
  })

  it('that was never found cannot be lost', () => {
    const { instances, told } = record()
    instances.lost(lost('A1'))
    instances.found(found('A1'))
    instances.lost(lost('A1', { interfaceIndex: 9 }))
    assert.deepEqual(told, ['up A1 192.0.2.1:4000'])
  })

  it('that was lost can come back', () => {
    const { instances, told } = record()
    instances.found(found('A1'))
    instances.lost(lost('A1'))
    instances.found(found('A1'))
    assert.deepEqual(told, ['up A1 192.0.2.1:4000', 'down A1', 'up A1 192.0.2.1:4000'])
  })
})

describe('what is announced by whoever means no well', () => {
  const names = [
    '__proto__',
    'constructor',
    '',
    'my printer',
    '漢'.repeat(21),
    '\0',
    'A1 (2)',
    'A1\n',
    'g',
    'F'.repeat(64)
  ]
  for (const name of names) {
    it(`is ignored: ${JSON.stringify(name)}`, () => {
      const { instances, told } = record()
      instances.found(found(name))
      instances.lost(lost(name))
      assert.deepEqual(told, [])
    })
  }

  for (const port of [0, -1, 65536, 1.5, Number.NaN]) {
    it(`is ignored: port ${port}`, () => {
      const { instances, told } = record()
      instances.found(found('A1', { port }))
      assert.deepEqual(told, [])
    })
  }

  it('is ignored beyond so many instances, until one of them is gone', () => {
    const { instances, told } = record()
    for (let n = 0; n < MAX_INSTANCES + 10; n++) instances.found(found(n.toString(16)))
    assert.equal(told.length, MAX_INSTANCES)
    instances.lost(lost('0'))
    instances.found(found('FFFF'))
    assert.deepEqual(told.slice(MAX_INSTANCES), ['down 0', 'up FFFF 192.0.2.1:4000'])
  })
})

describe('an outage', () => {
  it('leaves what is known, and takes it where it is not seen again', () => {
    const { instances, told } = record()
    for (const name of ['A1', 'B2']) instances.found(found(name))
    instances.markStale()
    assert.equal(told.length, 2)
    instances.found(found('B2'))
    assert.equal(told.length, 2)
    instances.dropStale()
    assert.deepEqual(told.slice(2), ['down A1'])
    instances.dropStale()
    assert.equal(told.length, 3)
  })

  it('takes the paths that are not seen again', () => {
    const { instances, told } = record()
    instances.found(found('A1'))
    instances.found(found('A1', { interfaceIndex: 3, addresses: ['198.51.100.1'] }))
    instances.markStale()
    instances.found(found('A1'))
    instances.dropStale()
    assert.deepEqual(told.slice(2), ['up A1 192.0.2.1:4000'])
  })

  it('lets a port that is seen behind it count, not the one before', () => {
    const { instances, last } = record()
    instances.found(found('A1'))
    instances.found(found('A1', { family: 6, addresses: ['fe80::1'] }))
    instances.markStale()
    instances.found(found('A1', { port: 5000 }))
    assert.equal(last()?.port, 5000)
  })

  it('that comes in the middle of another is one more', () => {
    const { instances, told } = record()
    instances.found(found('A1'))
    instances.markStale()
    instances.found(found('A1'))
    instances.markStale()
    instances.dropStale()
    assert.deepEqual(told, ['up A1 192.0.2.1:4000', 'down A1'])
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

  it('never throws and has no key but those that were given', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (strings) => {
        for (const [key, value] of Object.entries(parseTxt(strings))) {
          assert.ok(strings.some((string) => string.toLowerCase().startsWith(key)))
          assert.ok((key === 'v' || key === 'sec') && value.length <= 12)
        }
      })
    )
  })
})

describe('whatever is found and lost, in any order', () => {
  const step = fc.record({
    lost: fc.boolean(),
    name: fc.constantFrom('A', 'B', 'b'),
    change: fc.record({
      interfaceIndex: fc.constantFrom(1, 2),
      family: fc.constantFrom(4, 6),
      port: fc.constantFrom(1, 2),
      addresses: fc.subarray(['192.0.2.1', 'fe80::1'])
    }) as fc.Arbitrary<Partial<Found>>
  })

  it('is told alternately, never twice the same, and down in the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { instances, told } = record()
        for (const { lost: gone, name, change } of steps) {
          if (gone) instances.lost(lost(name, change))
          else instances.found(found(name, change))
        }
        instances.markStale()
        instances.dropStale()
        for (const uuid of ['A', 'B']) {
          const mine = told.filter((line) => line.split(' ')[1] === uuid)
          assert.ok(mine.length === 0 || mine.at(-1) === `down ${uuid}`, told.join('; '))
          mine.forEach((line, index) => {
            const before = mine[index - 1] ?? `down ${uuid}`
            if (line === `down ${uuid}`) assert.notEqual(before, line, told.join('; '))
          })
        }
      })
    )
  })
})
