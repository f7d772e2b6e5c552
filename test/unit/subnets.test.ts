import assert from 'node:assert/strict'
import { BlockList } from 'node:net'
import { describe, it } from 'node:test'
import { Subnets } from '#tcpnet/net/subnets.js'

const ADDRESSES = ['0.0.0.0', '10.0.0.0', '10.0.0.1', '10.0.0.127', '10.0.0.128', '10.0.0.255', '10.0.1.0', '10.1.2.3']
ADDRESSES.push('9.255.255.255', '127.0.0.1', '192.168.255.255', '255.255.255.255', '2001:db8::1', 'fe80::1', '::1')

describe('the subnets of an interface', () => {
  for (const prefixLength of [0, 1, 8, 16, 23, 24, 25, 30, 31, 32]) {
    it(`contain the addresses that net.BlockList finds in 10.0.0.77/${prefixLength}`, () => {
      const [subnets, list] = [new Subnets(), new BlockList()]
      subnets.add({ family: 4, address: '10.0.0.77', prefixLength })
      list.addSubnet('10.0.0.77', prefixLength, 'ipv4')
      for (const address of ADDRESSES) {
        const family = address.includes(':') ? 'ipv6' : 'ipv4'
        assert.equal(subnets.has(address), list.check(address, family), address)
      }
    })
  }

  it('may be several, of both families', () => {
    const subnets = new Subnets()
    subnets.add({ family: 4, address: '10.0.0.77', prefixLength: 24 })
    subnets.add({ family: 4, address: '192.168.4.1', prefixLength: 16 })
    subnets.add({ family: 6, address: '2001:db8::77', prefixLength: 64 })
    const found = ADDRESSES.filter((address) => subnets.has(address))
    const expected = [
      '10.0.0.0',
      '10.0.0.1',
      '10.0.0.127',
      '10.0.0.128',
      '10.0.0.255',
      '192.168.255.255',
      '2001:db8::1'
    ]
    assert.deepEqual(found, expected)
  })

  it('have two ends that no host has, if they are large enough (RFC 1122 §3.2.1.3, RFC 3021)', () => {
    const ends = (prefixLength: number) => {
      const subnets = new Subnets()
      subnets.add({ family: 4, address: '10.0.0.77', prefixLength })
      subnets.add({ family: 6, address: '2001:db8::', prefixLength: 64 })
      const near = ['10.0.0.0', '10.0.0.76', '10.0.0.77', '10.0.0.78', '10.0.0.79', '10.0.0.255', '2001:db8::']
      return near.filter((address) => subnets.isEnd(address))
    }
    assert.deepEqual(ends(24), ['10.0.0.0', '10.0.0.255'])
    assert.deepEqual(ends(30), ['10.0.0.76', '10.0.0.79'])
    assert.deepEqual(ends(31), [])
    assert.deepEqual(ends(32), [])
  })
})
