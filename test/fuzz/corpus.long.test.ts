// What the fuzzers found worth keeping: every input, again.
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { within } from '../support/wait.js'
import * as targets from './targets.js'

/** Milliseconds for one input. */
const LONGEST_MS = 2000
const corpus = new URL('../../../test/fuzz/corpus/', import.meta.url)

for (const [name, target] of Object.entries(targets)) {
  test(`the corpus of ${name}`, async (t) => {
    const folder = new URL(`${name}/`, corpus)
    const inputs = readdirSync(folder)
    for (const input of inputs) {
      const run = async () => target(readFileSync(new URL(input, folder)))
      await within(run(), `${name}/${input} is not read to its end`, LONGEST_MS)
    }
    t.diagnostic(`${inputs.length} inputs`)
  })
}
