// Announced addresses that are not a host on the link: none of them may be dialed.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encode } from 'dns-packet'
import type { InterfaceAddress } from '#tcpnet/addon.js'
import { instancesIn } from '#tcpnet/discovery/dns-message.js'
import { decodeMessage } from '#tcpnet/discovery/dns-reader.js'
import { instanceOf } from '#tcpnet/discovery/instance.js'
import type { LocationPath } from '#tcpnet/discovery/session.js'
import { dialable, interfaceOf, interfacesWith } from '#tcpnet/net/addresses.js'
import { located } from '../support/sightings.js'

const LO = interfaceOf('127.0.0.1')?.index ?? assert.fail('this machine has no loopback interface')
const [ETH0, ETH1, TUNNEL, GONE] = [LO + 1, LO + 2, LO + 3, LO + 4]

function entry(index: number, name: string, cidr: string): InterfaceAddress {
  const [address = '', length] = cidr.split('/')
  const family = address.includes(':') ? 6 : 4
  return { index, name, family, address, prefixLength: Number(length), loopback: name === 'lo', up: true }
}

const INTERFACES = interfacesWith([
  entry(LO, 'lo', '127.0.0.1/8'),
  entry(LO, 'lo', '::1/128'),
  entry(ETH0, 'eth0', '192.168.1.5/24'),
  entry(ETH0, 'eth0', 'fd00:1::5/64'),
  entry(ETH0, 'eth0', 'fe80::5/64'),
  entry(ETH0, 'eth0', '2002:c000:204::5/64'),
  entry(ETH1, 'eth1', '169.254.7.5/16'),
  entry(ETH1, 'eth1', '10.64.0.5/30'),
  entry(TUNNEL, 'tun0', '10.99.0.1/31')
])

const type = '_lies._tcp.local'

/** The addresses of an instance that a first look reports, of all of these. */
function hinted(addresses: readonly string[], interfaceIndex: number, fromThisMachine = false): string[] {
  const message = encode({
    type: 'response',
    answers: [
      { type: 'SRV', name: `A1.${type}`, data: { port: 80, target: 'lies.local' } },
      ...addresses.map((data) => ({ type: data.includes(':') ? 'AAAA' : 'A', name: 'lies.local', data }) as const)
    ]
  })
  const asked = { type, interfaceIndex, fromThisMachine, anyAddress: false }
  return instancesIn(decodeMessage(message), asked, INTERFACES).flatMap(({ paths }) =>
    paths.map(({ address }) => address)
  )
}

/** The addresses of a peer that are dialed, of all of these. */
function dialed(addresses: readonly string[], interfaceIndex: number): string[] {
  const paths = addresses.map((address) => {
    return { interfaceIndex, family: address.includes(':') ? 6 : 4, address } as const
  })
  return dialable(paths, () => INTERFACES).map(({ address }) => address.replace(/%.*/, ''))
}

/** The addresses of an instance located by a daemon that are kept, of all of these. */
function kept(addresses: readonly string[], interfaceIndex: number, origin: LocationPath['origin']): string[] {
  const instance = instanceOf('A1', located({}, addresses, interfaceIndex, origin), INTERFACES)
  return (instance?.paths ?? []).map(({ address }) => address)
}

const cases: [what: string, interfaceIndex: number, addresses: string[], areDialed: boolean][] = [
  ['in a subnet of the interface', ETH0, ['192.168.1.1', '192.168.1.254', 'fd00:1::9', 'fd00:1::ffff:ffff'], true],
  ['link-local', ETH0, ['fe80::1', 'febf::1'], true],
  [
    'in the link-local IPv4 network, on an interface with an address in it',
    ETH1,
    ['169.254.169.254', '169.254.1.1'],
    true
  ],
  ['in a subnet of four addresses', ETH1, ['10.64.0.6'], true],
  ['the other one of two', TUNNEL, ['10.99.0.0'], true],
  ['loopback on the loopback interface', LO, ['127.0.0.1', '127.8.9.10', '::1'], true],
  ['loopback on another interface', ETH0, ['127.0.0.1', '127.8.9.10', '::1'], false],
  ['link-local on the loopback interface', LO, ['fe80::1'], false],
  ['in a subnet of another interface', ETH1, ['192.168.1.1', 'fd00:1::9'], false],
  ['on an interface that does not exist', GONE, ['192.168.1.1', 'fe80::1'], false],
  ['behind a router', ETH0, ['8.8.8.8', '192.168.2.1', '10.0.0.1', '2001:db8::1', 'fd00:1:0:1::9'], false],
  ['of a metadata service', ETH0, ['169.254.169.254'], false],
  ['broadcast, or the subnet itself', ETH0, ['192.168.1.255', '192.168.1.0', '255.255.255.255'], false],
  ['broadcast in a subnet of four addresses', ETH1, ['10.64.0.4', '10.64.0.7'], false],
  ['of no host', ETH0, ['0.0.0.0', '0.1.2.3', '224.0.0.251', '240.0.0.1', '::', 'ff02::fb'], false],
  ['IPv4-mapped', ETH0, ['::ffff:c0a8:101', '::ffff:192.168.1.1', '::ffff:127.0.0.1'], false],
  ['IPv4-embedded', ETH0, ['64:ff9b::c0a8:101', '64:ff9b:1::c0a8:101', '::c0a8:101', '2002:c0a8:101::1'], false],
  ['IPv4 embedded in IPv6, in a subnet of the interface', ETH0, ['2002:c000:204::9'], false]
]

describe('an address that is announced', () => {
  for (const [what, interfaceIndex, addresses, areDialed] of cases) {
    it(`${what} is ${areDialed ? '' : 'not '}dialed`, () => {
      for (const address of addresses) {
        const expected = areDialed ? [address] : []
        assert.deepEqual(dialed([address], interfaceIndex), expected, address)
        assert.deepEqual(hinted([address], interfaceIndex), expected, `${address}, hinted at`)
      }
    })
  }

  it('is dialed if it is on the link, and other addresses of the same peer are not', () => {
    const others = cases.filter(([, , , areDialed]) => !areDialed).flatMap(([, , addresses]) => addresses)
    const ofLan = ['192.168.1.1', 'fe80::1']
    assert.deepEqual(dialed([...ofLan, ...others.filter((one) => dialed([one], ETH0).length === 0)], ETH0), ofLan)
  })
})

describe('an address of this machine', () => {
  const OWN = ['192.168.1.5', 'fd00:1::5', 'fe80::5']

  it('is hinted at by an answer of this machine, and not by an answer of another', () => {
    for (const address of OWN) {
      assert.deepEqual(hinted([address], ETH0, true), [address])
      assert.deepEqual(hinted([address], ETH0, false), [])
    }
  })

  it('is located if this machine announced it, or if the announcing machine is not known', () => {
    const addresses = [...OWN, '192.168.1.6']
    assert.deepEqual(kept(addresses, ETH0, 'this machine'), addresses)
    assert.deepEqual(kept(addresses, ETH0, 'unknown'), addresses)
    assert.deepEqual(kept(addresses, ETH0, 'another machine'), ['192.168.1.6'])
  })

  it('is located if it is on the loopback interface, whichever machine announced it', () => {
    for (const origin of ['this machine', 'another machine', 'unknown'] as const)
      assert.deepEqual(kept(['127.0.0.1', '::1'], LO, origin), ['127.0.0.1', '::1'])
  })
})
