// Which link a message belongs to, according to its source address (RFC 6762 §11).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Origins, originOf } from '#tcpnet/discovery/drivers/embedded/origin.js'
import { interfacesWith } from '#tcpnet/net/addresses.js'

const common = { up: true, loopback: false } as const
const interfaces = interfacesWith([
  { ...common, index: 2, name: 'eth0', family: 4, address: '10.77.1.1', prefixLength: 24 },
  { ...common, index: 2, name: 'eth0', family: 6, address: 'fe80::1', prefixLength: 64 },
  { ...common, index: 3, name: 'eth1', family: 4, address: '10.88.1.1', prefixLength: 24 }
])
const IPV4 = { index: 2, name: 'eth0', family: 4 } as const
const IPV6 = { index: 2, name: 'eth0', family: 6 } as const
const of = (address: string, link: typeof IPV4 | typeof IPV6) => originOf({ address }, link, interfaces)

describe('a message', () => {
  it('belongs to the link whose subnet has the source address', () => {
    assert.deepEqual(of('10.77.1.9', IPV4), { isOnLink: true, isLocal: false })
    assert.deepEqual(of('10.77.1.1', IPV4), { isOnLink: true, isLocal: true })
    assert.equal(of('10.88.1.9', IPV4), null)
  })

  it('from a link-local IPv6 address belongs to the link with its scope', () => {
    assert.deepEqual(of('fe80::9%eth0', IPV6), { isOnLink: true, isLocal: false })
    assert.deepEqual(of('fe80::9%2', IPV6), { isOnLink: true, isLocal: false })
    assert.equal(of('fe80::9%eth1', IPV6), null)
  })

  it('is taken on every link if its source address belongs to none', () => {
    assert.deepEqual(of('192.0.2.7', IPV4), { isOnLink: false, isLocal: false })
    assert.deepEqual(of('2001:db8::7', IPV6), { isOnLink: false, isLocal: false })
  })

  it('has the same origin when the address is looked up again', () => {
    const origins = new Origins(interfaces)
    for (const [address, link] of [
      ['10.77.1.9', IPV4],
      ['10.88.1.9', IPV4],
      ['fe80::9%eth0', IPV6],
      ['fe80::9%eth1', IPV6]
    ] as const) {
      for (let i = 0; i < 2; i++) assert.deepEqual(origins.of({ address }, link), of(address, link))
    }
  })
})
