// What a stranger on the link can cause: each attack runs against two honest members and a newcomer, each on a host of
// its own with an avahi-daemon of Debian's settings. With --package it first runs against the package that is built in
// that folder. Figures are those of the first member. A delay of the event loop (perf_hooks) includes the time that the
// process waits for a processor, a turn is processor time. Times of newcomers and reconnections are the slowest of
// three.
//
//   scripts/bench attacks [--attacks storm,txt] [--seconds 12] [--package DIR]
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { choices, count, options } from '../test/support/options.js'
import { ATTACKS } from './lib/attacks/attacks.js'
import { type Result, trial, WITHIN_MS } from './lib/attacks/trial.js'
import { mebibytes, short, table } from './lib/figures.js'
import { conditions } from './lib/run.js'

const OWN = fileURLToPath(new URL('../..', import.meta.url))
/** The columns, and the text of their cells. */
const COLUMNS: readonly (readonly [string, (result: Result) => string])[] = [
  ['connects/s at most', ({ figures }) => figures.connectsAtMost.toString()],
  ['at the end', ({ figures }) => figures.connectsPerSecond.toFixed(0)],
  ['longest delay ms', ({ figures }) => figures.delayMs.toFixed(0)],
  ['longest turn ms', ({ figures }) => figures.turnMs.toFixed(0)],
  ['% of a core', ({ figures }) => (100 * figures.cores).toFixed(1)],
  ['at the end', ({ figures }) => (100 * figures.coresAtEnd).toFixed(1)],
  ['MiB', ({ figures }) => mebibytes(figures.bytes)],
  ['newcomer ms', ({ newcomers }) => slowest(newcomers)],
  ['reconnection ms', ({ reconnections }) => slowest(reconnections)],
  ['connections/s', ({ figures }) => (figures.connections / figures.seconds).toFixed(1)]
]

const { values: given } = options(import.meta.url, {
  attacks: { type: 'string', default: Object.keys(ATTACKS).join(',') },
  seconds: { type: 'string', default: '12' },
  package: { type: 'string' }
})
const seconds = count('seconds', given.seconds)
const names = choices('attacks', given.attacks, Object.keys(ATTACKS))
const folders = given.package === undefined ? [OWN] : [built(given.package), OWN]

console.log(
  `bench/attacks: ${seconds} seconds each, or until the measurements are done${folders.length > 1 ? '; the other package → this one' : ''}.\n`
)
const rows: string[][] = []
for (const name of names) {
  const attack = ATTACKS[name]
  if (attack === undefined) continue
  const results: Result[] = []
  for (const folder of folders) {
    const result = await trial(attack, folder, seconds)
    results.push(result)
    console.error(`${name}, ${folder}: ${JSON.stringify(result)}; ${conditions()}`)
  }
  rows.push([attack.title, ...COLUMNS.map(([, cell]) => results.map(cell).join(' → '))])
}
console.log(table(['', ...COLUMNS.map(([head]) => head)], rows))
console.log(`\n${conditions()}.`)

function built(folder: string): string {
  const found = resolve(folder)
  if (existsSync(join(found, 'dist/index.js'))) return found
  console.error(`${found} has no dist/index.js: build it there.`)
  process.exit(2)
}

/** The slowest of the times of honest members. */
function slowest(values: readonly (number | null)[]): string {
  return values.includes(null) ? `> ${WITHIN_MS}` : short(Math.max(...values.map(Number)))
}
