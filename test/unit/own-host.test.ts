import assert from 'node:assert/strict'
import { afterEach, describe, it, mock } from 'node:test'
import type { InterfaceAddress } from '#tcpnet/addon.js'
import { addressesOf, isHere, pathsHere } from '#tcpnet/discovery/own-host.js'
import { interfacesWith } from '#tcpnet/net/addresses.js'
import { ANNOUNCEMENT, HealingTrial } from '../support/fake-session.js'
import { located } from '../support/sightings.js'

function entry(index: number, address: string, prefixLength: number, up = true): InterfaceAddress {
  const family = address.includes(':') ? 6 : 4
  return { index, name: `if${index}`, family, address, prefixLength, loopback: index === 1, up }
}

const LO = [entry(1, '127.0.0.1', 8), entry(1, '::1', 128)]
const ETH0 = [entry(2, '192.0.2.5', 24), entry(2, 'fd00:1::5', 64), entry(2, 'fe80::5', 64)]
const ETH1 = [entry(3, '198.51.100.5', 24), entry(3, 'fe80::6', 64)]
const EVERYWHERE = { address: null, interfaceIndex: 0 }

describe('the addresses of an own host name', () => {
  const cases: [string, Parameters<typeof addressesOf>[0], InterfaceAddress[], string[] | null][] = [
    ['those of the only interface', EVERYWHERE, [...LO, ...ETH0], ['192.0.2.5', 'fd00:1::5', 'fe80::5']],
    [
      'of several interfaces no link-local ones',
      EVERYWHERE,
      [...LO, ...ETH0, ...ETH1],
      ['192.0.2.5', '198.51.100.5', 'fd00:1::5']
    ],
    ['none of an interface that is down', EVERYWHERE, [...LO, entry(2, '192.0.2.5', 24, false)], []],
    [
      'no IPv4 link-local one beside a better one',
      EVERYWHERE,
      [entry(2, '169.254.1.1', 16), entry(2, '192.0.2.5', 24)],
      ['192.0.2.5']
    ],
    ['an IPv4 link-local one where there is no better', EVERYWHERE, [entry(2, '169.254.1.1', 16)], ['169.254.1.1']],
    ['the one that is listened on', { address: 'fd00:1::5', interfaceIndex: 2 }, [...LO, ...ETH0], ['fd00:1::5']],
    ['not the one that is listened on and gone', { address: '192.0.2.9', interfaceIndex: 2 }, [...LO, ...ETH0], []],
    ['no own host name on loopback', { address: '127.0.0.1', interfaceIndex: 1 }, [...LO, ...ETH0], null]
  ]
  for (const [what, announcement, entries, expected] of cases) {
    it(what, () => assert.deepEqual(addressesOf(announcement, entries), expected))
  }

  it('are 32 at most', () => {
    const many = Array.from({ length: 40 }, (_, i) => entry(2, `192.0.2.${i + 1}`, 24))
    assert.equal(addressesOf(EVERYWHERE, many)?.length, 32)
  })
})

describe('paths of a daemon elsewhere', () => {
  const indexes = (addresses: string[], entries: InterfaceAddress[]) =>
    pathsHere(located({}, addresses, 77).paths, interfacesWith(entries)).map(
      ({ address, interfaceIndex }) => `${interfaceIndex} ${address}`
    )

  it('lead over the interface that has the subnet', () =>
    assert.deepEqual(indexes(['198.51.100.1', '192.0.2.1', 'fd00:1::1'], [...LO, ...ETH0, ...ETH1]), [
      '3 198.51.100.1',
      '2 192.0.2.1',
      '2 fd00:1::1'
    ]))
  it('lead nowhere without one, nor to loopback', () =>
    assert.deepEqual(indexes(['203.0.113.1', '127.0.0.1', '::1'], [...LO, ...ETH0]), []))
  it('lead to link-local addresses over the only interface', () => {
    assert.deepEqual(indexes(['fe80::1'], [...LO, ...ETH0]), ['2 fe80::1'])
    assert.deepEqual(indexes(['fe80::1'], [...LO, ...ETH0, ...ETH1]), [])
  })
})

describe("a daemon's host", () => {
  const entries = [...LO, ...ETH0]
  for (const [what, addresses, here] of [
    ['with an address of ours is this machine', ['203.0.113.1', '192.0.2.5'], true],
    ['with none of ours is another', ['203.0.113.1'], false],
    ['with loopback addresses beside another is another', ['127.0.0.1', '::1', '203.0.113.1'], false],
    ['that tells loopback addresses alone may be this machine', ['127.0.0.1', '::1'], true]
  ] as const) {
    it(what, () => assert.equal(isHere(addresses, entries), here))
  }
})

describe('a session whose daemon is elsewhere', () => {
  afterEach(() => mock.timers.reset())
  let entries = [...LO, ...ETH0]
  const trialOn = (change: Partial<typeof ANNOUNCEMENT> = {}) => {
    entries = [...LO, ...ETH0]
    return new HealingTrial({ ...ANNOUNCEMENT, ...change }, { interfaces: { list: () => entries, everyMs: 1000 } })
  }

  it('is given the addresses of this machine, and others when they have changed', () => {
    const trial = trialOn()
    assert.deepEqual(trial.session.ownHost, { addresses: ['192.0.2.5', 'fd00:1::5', 'fe80::5'], isNeeded: false })
    trial.session.emit({ type: 'elsewhere' })
    trial.announce()
    trial.pass(1000)
    assert.deepEqual(trial.session.addresses, [])
    entries = [...LO, entry(2, '192.0.2.6', 24)]
    trial.pass(3000)
    assert.deepEqual(trial.session.addresses, [['192.0.2.6']])
    trial.fail()
    entries = [...LO]
    trial.pass(400)
    assert.deepEqual(trial.session.addresses, [['192.0.2.6']], 'it is over')
  })

  it('is not given them where the daemon is here', () => {
    const trial = trialOn()
    trial.announce()
    entries = [...LO]
    trial.pass(3000)
    assert.deepEqual(trial.session.addresses, [])
  })

  it('is opened anew where that is found out late, and every later one knows', () => {
    const trial = trialOn()
    trial.announce()
    trial.session.emit({ type: 'daemonHost', addresses: [{ address: '192.0.2.5' }] })
    assert.deepEqual(trial.take(), ['announced'])
    trial.session.emit({ type: 'daemonHost', addresses: [{ address: '203.0.113.1' }] })
    assert.deepEqual(trial.take(), ['offline'])
    trial.pass(500)
    assert.equal(trial.session.ownHost?.isNeeded, true)
    trial.session.emit({ type: 'elsewhere' })
    trial.announce()
    assert.deepEqual(trial.take(), ['online'])
  })
})
