// Timers of an idle process that fire together.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { AlignedInterval, untilAligned } from '#tcpnet/aligned-interval.js'
import { Tally } from '../support/wait.js'

it('spans whose multiples coincide end together', () => {
  for (const now of [0, 0.5, 999.5, 1000, 3999.2, 123_456.7]) {
    const [short, long] = [untilAligned(1000, now), untilAligned(4000, now)]
    assert.ok(short > 0 && short <= 1000, `${short} ms`)
    assert.equal((long - short) % 1000, 0)
  }
})

it('an interval calls back until it is stopped', async () => {
  const [calls, others] = [new Tally<number>(), new Tally<number>()]
  const [interval, other] = [calls, others].map((tally) => new AlignedInterval(1, () => tally.add(1)))
  await calls.reach(3, 'it does not call back')
  interval?.stop()
  const { length } = calls.items
  await others.reach(others.items.length + 3, 'the other does not call back')
  other?.stop()
  assert.equal(calls.items.length, length)
})
