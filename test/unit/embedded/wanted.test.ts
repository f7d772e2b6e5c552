// Which interfaces services use, and when an interface that could not be used is tried again.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Problems } from '#tcpnet/discovery/drivers/embedded/problems.js'
import { wantedOf } from '#tcpnet/discovery/drivers/embedded/wanted.js'

const LO = { index: 1, name: 'lo', loopback: true, up: true, family: 4, address: '127.0.0.1', prefixLength: 8 } as const
const LO6 = { ...LO, family: 6, address: '::1', prefixLength: 128 } as const
const ETH = {
  index: 2,
  name: 'eth0',
  loopback: false,
  up: true,
  family: 4,
  address: '10.77.1.1',
  prefixLength: 24
} as const
const ETH6 = { ...ETH, family: 6, address: 'fe80::1', prefixLength: 64 } as const
const ALL = [LO, LO6, ETH, ETH6]

function names(indexes: number[], canLoopbackWait: boolean, all: Parameters<typeof wantedOf>[0] = ALL): string[] {
  return [...wantedOf(all, new Set(indexes), canLoopbackWait).places.keys()]
}

describe('a service on all interfaces', () => {
  it('also uses loopback, over IPv4 if possible', () => {
    assert.deepEqual(names([0], false), ['1 lo 4', '2 eth0 4', '2 eth0 6'])
    assert.deepEqual(names([0], false, [LO6, ETH]), ['1 lo 6', '2 eth0 4'])
  })

  it('can do without loopback for a while if there is another interface', () => {
    assert.deepEqual(names([0], true), ['2 eth0 4', '2 eth0 6'])
    assert.equal(wantedOf(ALL, new Set([0]), true).isLoopbackLeftOut, true)
    assert.deepEqual(names([0], true, [LO, LO6]), ['1 lo 4'])
    assert.equal(wantedOf([LO, LO6], new Set([0]), true).isLoopbackLeftOut, false)
  })

  it('uses loopback at once if another service listens on loopback alone', () => {
    assert.deepEqual(names([0, 1], true), ['1 lo 4', '2 eth0 4', '2 eth0 6'])
    assert.deepEqual(names([1], true), ['1 lo 4'])
  })
})

describe('an interface that cannot be used', () => {
  const place = { entry: ETH, addresses: [ETH] }
  const failure = (code: string) => Object.assign(new Error(code), { code })

  it('is tried again after a second, and then at intervals that double up to a minute', () => {
    const problems = new Problems()
    let now = 0
    const waits = Array.from({ length: 8 }, () => {
      problems.add('eth0', place, failure('ENODEV'), now)
      const waitMs = problems.nextAt - now
      assert.equal(problems.mayTry('eth0', place, problems.nextAt - 1), false)
      assert.equal(problems.mayTry('eth0', place, problems.nextAt), true)
      now = problems.nextAt
      return waitMs
    })
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
  })

  it('is tried at once with another address', () => {
    const problems = new Problems()
    problems.add('eth0', place, failure('EADDRNOTAVAIL'), 0)
    assert.equal(problems.mayTry('eth0', { ...place, addresses: [ETH, ETH6] }, 1), true)
    problems.keep(new Map())
    assert.equal(problems.nextAt, Number.POSITIVE_INFINITY)
    assert.equal(problems.worstOn(0), null)
  })

  it('is reported to services on it, and a port in use is reported first', () => {
    const problems = new Problems()
    problems.add('eth0 6', place, failure('ENODEV'), 0)
    problems.add('eth0 4', place, failure('EADDRINUSE'), 0)
    assert.equal(problems.worstOn(0)?.code, 'EADDRINUSE')
    assert.equal(problems.worstOn(2)?.code, 'EADDRINUSE')
    assert.equal(problems.worstOn(1), null)
    assert.equal(problems.worstOn(null), null)
  })
})
