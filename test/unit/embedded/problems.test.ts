// When interfaces that could not be used are tried again.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { InterfaceAddress } from '#tcpnet/addon.js'
import { Problems } from '#tcpnet/discovery/drivers/embedded/problems.js'

const ENTRY: InterfaceAddress = {
  index: 2,
  name: 'eth0',
  family: 4,
  address: '10.77.1.1',
  prefixLength: 24,
  loopback: false,
  up: true
}
const PLACE = { entry: ENTRY, addresses: [ENTRY] }
const ERROR = new Error('no route')

describe('an interface that could not be used', () => {
  it('is tried again after a wait that doubles', () => {
    const problems = new Problems()
    problems.add('eth0', PLACE, ERROR, 0)
    assert.deepEqual([problems.nextAt, problems.worstOn(2)], [1000, ERROR])
    problems.add('eth0', PLACE, ERROR, 1000)
    assert.equal(problems.nextAt, 3000)
    assert.equal(problems.mayTry('eth0', PLACE, 2000), false)
  })

  it('is no problem once it is open', () => {
    const problems = new Problems()
    problems.add('eth0', PLACE, ERROR, 0)
    problems.opened('eth0', 1000)
    assert.deepEqual([problems.nextAt, problems.worstOn(0)], [Number.POSITIVE_INFINITY, null])
  })

  it('waits longer if it fails soon after it was opened, but not if it has worked for a minute', () => {
    for (const [failsAt, waitMs] of [
      [1010, 2000],
      [61_000, 1000]
    ] as const) {
      const problems = new Problems()
      problems.add('eth0', PLACE, ERROR, 0)
      problems.opened('eth0', 1000)
      problems.add('eth0', PLACE, ERROR, failsAt)
      assert.equal(problems.nextAt, failsAt + waitMs)
    }
  })
})
