// What a stranger on the link can cause: each attack runs against two honest members and a newcomer, each on a host of its
// own with an avahi-daemon of Debian's settings. With --package, the same against the package that is built in that folder,
// one after the other. All figures are the first member's.
//
//   scripts/bench attacks [--attacks storm,txt] [--seconds 12] [--package DIR]
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { choices, count, options } from '../test/support/options.js'
import { ATTACKS } from './lib/attacks/attacks.js'
import { type Result, trial, WITHIN_MS } from './lib/attacks/trial.js'
import { mebibytes, median, short, table } from './lib/figures.js'
import { conditions } from './lib/run.js'

const OWN = fileURLToPath(new URL('../..', import.meta.url))
const HEAD = [
  '',
  'build',
  'connects',
  'a second, most',
  'at the end',
  'longest delay ms',
  'longest turn ms',
  '% of a core',
  'MiB',
  'newcomer ms',
  'reconnection ms',
  'connections'
]

const { values: given } = options(import.meta.url, {
  attacks: { type: 'string', default: Object.keys(ATTACKS).join(',') },
  seconds: { type: 'string', default: '12' },
  package: { type: 'string' }
})
const seconds = count('seconds', given.seconds)
const names = choices('attacks', given.attacks, Object.keys(ATTACKS))
const builds = [
  ['this', OWN] as const,
  ...(given.package === undefined ? [] : [['other', built(given.package)] as const])
]

console.log(
  `bench/attacks: ${seconds} seconds each, or until all is measured; median and most of honest members' times.\n`
)
const rows: string[][] = []
for (const name of names) {
  const attack = ATTACKS[name]
  if (attack === undefined) continue
  for (const [build, folder] of builds) {
    const result = await trial(attack, folder, seconds)
    rows.push([attack.title, build, ...cellsOf(result)])
    console.error(`${name}, ${build}: ${JSON.stringify(result)}; ${conditions()}`)
  }
}
console.log(table(HEAD, rows))
console.log(`\n${conditions()}.`)

function built(folder: string): string {
  const found = resolve(folder)
  if (existsSync(join(found, 'dist/index.js'))) return found
  console.error(`There is no dist/index.js in ${found}: build it there.`)
  process.exit(2)
}

function cellsOf({ figures, newcomers, reconnections }: Result): string[] {
  return [
    `${figures.connects} in ${figures.seconds.toFixed(0)} s`,
    figures.connectsAtMost.toString(),
    figures.connectsPerSecond.toFixed(1),
    figures.delayMs.toFixed(0),
    figures.turnMs.toFixed(0),
    (100 * figures.cores).toFixed(0),
    mebibytes(figures.bytes),
    timesOf(newcomers),
    timesOf(reconnections),
    figures.connections.toString()
  ]
}

/** The median, and the most in brackets. */
function timesOf(values: readonly (number | null)[]): string {
  const [middle, most] = [median(values.map(msOf)), Math.max(...values.map(msOf))]
  return `${shown(middle)} (${shown(most)})`
}

function msOf(value: number | null): number {
  return value ?? Number.POSITIVE_INFINITY
}

function shown(ms: number): string {
  return ms > WITHIN_MS ? `> ${WITHIN_MS}` : short(ms)
}
