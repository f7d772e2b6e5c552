// This machine's interfaces as Node lists them, without the addon.
import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { describe, it, test } from 'node:test'
import { addon } from '#tcpnet/addon.js'
import { fromNode, listInterfaces, scopeOf } from '#tcpnet/net/interfaces.js'

/** Above every index of the kernel, which is an int. */
const FIRST_OWN_INDEX = 2 ** 31
const COMMON = { mac: '00:00:00:00:00:00', internal: false }

const v4 = (address: string, prefixLength: number | null) => ({
  ...COMMON,
  family: 'IPv4' as const,
  address,
  netmask: '',
  cidr: prefixLength === null ? null : `${address}/${prefixLength}`
})
const v6 = (address: string, prefixLength: number, scopeid = 0) => ({
  ...COMMON,
  family: 'IPv6' as const,
  address,
  netmask: '',
  cidr: `${address}/${prefixLength}`,
  scopeid
})

describe('the interfaces that Node lists', () => {
  it('have the scope of their link-local address as index', () => {
    const eth0 = [v4('192.0.2.1', 24), v6('2001:db8::1', 64), v6('fe80::1', 64, 7)]
    const common = { index: 7, name: 'eth0', loopback: false, up: true }
    assert.deepEqual(fromNode({ eth0 }), [
      { ...common, family: 4, address: '192.0.2.1', prefixLength: 24 },
      { ...common, family: 6, address: '2001:db8::1', prefixLength: 64 },
      { ...common, family: 6, address: 'fe80::1', prefixLength: 64 }
    ])
  })

  it('otherwise have a number as index that stays the same and that no other interface has', () => {
    const indexOf = (interfaces: Parameters<typeof fromNode>[0], name: string) =>
      fromNode(interfaces).find((entry) => entry.name === name)?.index ?? assert.fail(name)
    const [wifi, cable] = [[v4('192.0.2.1', 24)], [v4('192.0.2.2', 24)]]
    const before = indexOf({ wifi, cable }, 'wifi')
    assert.ok(Number.isSafeInteger(before) && before >= FIRST_OWN_INDEX)
    assert.notEqual(indexOf({ wifi, cable }, 'cable'), before)
    assert.equal(indexOf({ cable }, 'cable'), indexOf({ cable, wifi }, 'cable'))
    assert.equal(indexOf({ wifi: [v4('192.0.2.9', 24)] }, 'wifi'), before)
  })

  it('are one interface if an IPv4 address has a label, on Linux', () => {
    const labelled = { eth0: [v6('fe80::1', 64, 7)], 'eth0:1': [v4('192.0.2.1', 24)] }
    const places = (platform: NodeJS.Platform) => fromNode(labelled, platform).map(({ name, index }) => [name, index])
    assert.deepEqual(places('linux'), [
      ['eth0', 7],
      ['eth0', 7]
    ])
    assert.equal(places('win32')[1]?.[0], 'eth0:1')
  })

  it('have a subnet of one address if the mask is not a valid subnet mask', () => {
    assert.deepEqual(
      fromNode({ odd: [v4('192.0.2.1', null)] }).map(({ prefixLength }) => prefixLength),
      [32]
    )
  })

  it('are those that the addon lists, except for their indexes', () => {
    const withoutIndex = (entries: ReturnType<typeof fromNode>) =>
      entries.map(({ index: _, ...rest }) => JSON.stringify(rest, Object.keys(rest).sort())).sort()
    const up = addon()
      .interfaces()
      .filter((entry) => entry.up)
    assert.ok(up.length > 0)
    assert.deepEqual(withoutIndex(fromNode(networkInterfaces())), withoutIndex(up))
  })
})

it('the scope of an address is the name of the interface, and on Windows its index', () => {
  const ethernet = { name: 'Ethernet 2', index: 12 }
  assert.deepEqual([scopeOf(ethernet, 'linux'), scopeOf(ethernet, 'darwin')], ['Ethernet 2', 'Ethernet 2'])
  assert.equal(scopeOf(ethernet, 'win32'), '12')
})

test('the list of interfaces is made once while nothing changes', {
  skip: process.platform === 'linux' ? false : 'only Linux reports changes'
}, () => {
  listInterfaces()
  assert.equal(listInterfaces(), listInterfaces())
})
