import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { backoffMs, FIRST_DELAY_MS, LONGEST_DELAY_MS } from '#tcpnet/mesh/backoff.js'

describe('the delay before a dial', () => {
  const full = [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]
  for (const [index, ms] of full.entries()) {
    it(`is ${ms} ms or up to a quarter less after ${index + 1} failures`, () => {
      assert.equal(backoffMs(index + 1, 0), ms)
      assert.equal(backoffMs(index + 1, 0.4), ms * 0.9)
    })
  }

  it('stays within its bounds, however many failures there were', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, random) => {
          const ms = backoffMs(failures, random)
          assert.ok(ms >= FIRST_DELAY_MS * 0.75 && ms <= LONGEST_DELAY_MS, `${ms} ms`)
          assert.ok(Number.isInteger(ms))
        }
      )
    )
  })
})
