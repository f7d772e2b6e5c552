// The model of pairing and src/mesh make the same decisions: the mesh takes every step of the model that looks
// different to a node, and is in the state of the model after each.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { pair } from '#tcpnet/mesh/pairing.js'
import { Coverage } from '../support/coverage.js'
import { LONG } from '../support/long.js'
import { type Fault, pairModel } from '../support/pair-model.js'
import { PairTrial } from '../support/pair-trial.js'
import { show } from '../support/world.js'

const FAULTS: readonly Fault[] = ['crash', 'cut', 'destroy', 'fail', 'give up', 'withdraw']

it('the mesh reaches the state of the model in every step that looks different to a node', async (t) => {
  const setting = { rule: pair, learns: [true, true], reaches: [true, true], faults: FAULTS } as const
  const coverage = new Coverage(pairModel({ ...setting, maxConns: LONG ? 3 : 2 }))
  const all = coverage.left
  let taken = 0
  await PairTrial.run(async (trial) => {
    for (let id = 0; id < coverage.keys.length; id++) {
      while (coverage.isOpen(id)) taken += await walk(coverage, id, trial())
    }
  })
  t.diagnostic(`${coverage.keys.length} states, ${all} different steps, ${taken} steps taken`)
  assert.equal(coverage.left, 0)
  assert.ok(all > 20_000, `only ${all} different steps`)
})

/** Goes to a state, and on from there while there are steps that are not taken yet. Returns the number of steps. */
async function walk(coverage: Coverage, id: number, trial: PairTrial): Promise<number> {
  const way = [...coverage.wayTo(id)]
  let [at, count] = [0, 0]
  for (;;) {
    if (way.length === 0) way.push(...coverage.nearest(at))
    const step = way.shift()
    if (step === undefined) return count
    await trial.step(step.label)
    const [from, expected] = [coverage.keys[at] ?? '', coverage.keys[step.to] ?? '']
    const name = trial.name()
    if (name !== expected) {
      assert.fail(`${step.label}\nfrom  ${show(from)}\nmodel ${show(expected)}\nmesh  ${show(name)}`)
    }
    coverage.taken(step)
    at = step.to
    count++
  }
}
