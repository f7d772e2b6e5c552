// tcpnet and what is used instead of it, side by side: every peer runs the same scenarios, in turn, in one run. Prints the
// tables of this run, and adds a file to bench/peers/results/, after each result. The tables and plots of docs/benchmarks.md
// are made of all files there: of each peer, metric and size the newest file counts, and files that count for nothing are
// removed. --report makes them without a run. --quick runs a part within ten minutes, and changes neither.
//
//   join      all join at once; one joins a settled mesh; one joins as soon as its process runs. N = --nodes
//   losses    a member is killed; a host vanishes
//   restart   the daemon restarts, and then one joins
//   transfer  one writes a gibibyte to another
//   messages  memory; one writes messages of 1 KiB to ten others
//   idle      processor time and packets of an idle mesh
//   size      installed size and packages
//   import    the time that the import takes
//
// The peers are dependencies of bench/peers alone, and the set-up script adds mdns.
//
//   scripts/bench peers [--scenarios join,losses,restart,transfer,messages,idle,size,import] [--peers ID,...]
//                       [--nodes 2,5,10,20] [--runs 3] [--quick] [--report]
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { choices, count, counts, options } from '../test/support/options.js'
import { conditions } from './lib/run.js'
import type { Plan } from './peers/attempt.js'
import { PEERS } from './peers/catalogue.js'
import { FOLDER } from './peers/member.js'
import { packagesOf, versionsOf } from './peers/packages.js'
import { plotOf } from './peers/plots.js'
import { circumstances, failuresOf, replaced, TABLES, tableOf } from './peers/report.js'
import { type Current, current, type Result, type Session, textOf } from './peers/results.js'
import { messages, transfers } from './peers/scenarios/data.js'
import { idle } from './peers/scenarios/idle.js'
import { imports, installSizes } from './peers/scenarios/installs.js'
import { joins } from './peers/scenarios/joins.js'
import { losses, restarts } from './peers/scenarios/losses.js'

const NAMES = ['join', 'losses', 'restart', 'transfer', 'messages', 'idle', 'size', 'import'] as const
const IDS = PEERS.map(({ id }) => id)
const { values: given } = options(import.meta.url, {
  scenarios: { type: 'string' },
  peers: { type: 'string', default: IDS.join(',') },
  nodes: { type: 'string' },
  runs: { type: 'string' },
  quick: { type: 'boolean', default: false },
  report: { type: 'boolean', default: false }
})
const scenarios = choices(
  'scenarios',
  given.scenarios ?? (given.quick ? 'join,losses,restart,transfer' : NAMES.join(',')),
  NAMES
)
const ids = choices('peers', given.peers, IDS)
const sizes = counts('nodes', given.nodes ?? (given.quick ? '5' : '2,5,10,20'))
const runs = count('runs', given.runs ?? (given.quick ? '1' : '3'))
const RESULTS = `${FOLDER}results/`
/** The file of `--quick`, of which docs/benchmarks.md has nothing. */
const QUICK = 'quick.json'
const PLOTS_FOLDER = `${FOLDER}plots/`
const MACHINE = `${cpus()[0]?.model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`
const DOCS = new URL('../../docs/', import.meta.url)

/** The plots, and the unit of their values. */
const PLOTS = { join: 'ms', together: 'ms', losses: 'ms' }

const bodies: Record<(typeof NAMES)[number], (plan: Plan) => Promise<void>> = {
  join: joins,
  losses,
  restart: restarts,
  transfer: transfers,
  messages,
  idle,
  size: installSizes,
  import: imports
}
if (!given.report) await measure()
if (!given.quick) await report()

/** Writes the file after each result, so that an invocation that is interrupted loses none. */
async function measure(): Promise<void> {
  const chosen = PEERS.filter(({ id }) => ids.includes(id))
  const names = (await Promise.all(chosen.map(packagesOf))).flat().filter((name) => name !== 'tcpnet')
  const at = new Date().toISOString()
  const before = conditions()
  const results: Result[] = []
  const session = (): Session => ({
    at,
    machine: MACHINE,
    conditions: [before, conditions()],
    versions: versionsOf(names),
    results
  })
  const file = `${RESULTS}${given.quick ? QUICK : `${at.replaceAll(':', '')}.json`}`
  const tell = (result: Result) => {
    results.push(result)
    const { log: _, ...line } = result
    process.stderr.write(`${JSON.stringify(line)}\n`)
    writeFileSync(file, textOf(session()))
  }
  mkdirSync(RESULTS, { recursive: true })
  for (const scenario of scenarios) {
    const peers = chosen.filter(({ only }) => only?.includes(scenario) !== false)
    const began = performance.now()
    await bodies[scenario]({ peers, sizes, runs, tell }).catch(giveUp)
    process.stderr.write(`${scenario}: ${Math.round((performance.now() - began) / 1000)} s\n`)
  }
  const counting = current([session()])
  for (const [name, text] of textsOf(counting)) {
    if (text.split('\n').length > 2) console.log(`${name}:\n\n${text}\n`)
  }
}

/** Not a failure of a peer: the laboratory does not work, for instance. The other scenarios go on. */
function giveUp(error: unknown): void {
  console.error(error)
  process.exitCode = 1
}

/** Each table of docs/benchmarks.md, by name. */
function textsOf(counting: ReadonlyMap<Session, readonly Current[]>): (readonly [string, string])[] {
  const results = [...counting.values()].flat()
  return [
    ['circumstances', circumstances(counting)],
    ...Object.keys(TABLES).map((name) => [name, tableOf(name, PEERS, results)] as const),
    ['failures', failuresOf(PEERS, results)]
  ]
}

/** Writes the tables into docs/benchmarks.md, draws the plots, and removes files of which nothing counts any more. */
async function report(): Promise<void> {
  const files = readdirSync(RESULTS)
    .filter((name) => name.endsWith('.json') && name !== QUICK)
    .sort()
  const sessions = files.map((name) => JSON.parse(readFileSync(`${RESULTS}${name}`, 'utf8')) as Session)
  const counting = current(sessions)
  for (const [i, name] of files.entries()) {
    const session = sessions[i]
    if (session !== undefined && !counting.has(session)) rmSync(`${RESULTS}${name}`)
  }
  let page = readFileSync(new URL('benchmarks.md', DOCS), 'utf8')
  for (const [name, text] of textsOf(counting)) page = replaced(page, name, text)
  writeFileSync(new URL('benchmarks.md', DOCS), page)
  mkdirSync(PLOTS_FOLDER, { recursive: true })
  const results = [...counting.values()].flat()
  for (const [name, unit] of Object.entries(PLOTS)) {
    writeFileSync(`${PLOTS_FOLDER}${name}.svg`, await plotOf(name, unit, PEERS, results))
  }
}
