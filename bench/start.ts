// What the start of a process costs, compared with bare Node: the import of the package, a service that listens, an
// idle member.
//
//   import   from the start of the process to the end of the import, or of require(), and of the work that it leaves for the
//            next turns of the event loop, compared with an empty program
//   listen   from the start of the process to `listening`, over memory, compared with a bare net.Server
//   idle     memory of an idle member over avahi, compared with a process with a bare net.Server
//
// The kinds of a part run in turns. Each has a copy of Node's binary: PSS divides shared memory among processes, so the
// figure would depend on how many others on the machine run Node.
//
//   scripts/bench start [--parts import,listen,idle] [--runs 20] [--rest 6]
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Host, type Program, withLab } from '../test/lab/index.js'
import { choices, count, options } from '../test/support/options.js'
import { mebibytes, median, Samples, table } from './lib/figures.js'
import { proportionalBytes, residentBytes } from './lib/processes.js'
import { conditions } from './lib/run.js'
import type { Started } from './lib/start-report.js'

const PROGRAM = fileURLToPath(new URL('lib/start.js', import.meta.url))

/** The kinds of processes of each part, with their names in the tables. The others are compared with the first. */
const PARTS = {
  import: { node: 'bare Node', import: "import 'tcpnet'", require: "require('tcpnet')" },
  listen: { server: 'bare net.Server', memory: 'tcpnet over memory' },
  idle: { server: 'bare net.Server', avahi: 'tcpnet over avahi' }
} as const

const { values: given } = options(import.meta.url, {
  parts: { type: 'string', default: 'import,listen,idle' },
  runs: { type: 'string', default: '20' },
  rest: { type: 'string', default: '6' }
})
const runs = count('runs', given.runs)
const restMs = count('rest', given.rest) * 1000
const parts = choices('parts', given.parts, ['import', 'listen', 'idle'])
const samples = new Samples()

const binaries = await mkdtemp(join(tmpdir(), 'tcpnet-bench-'))
await withLab(async (lab) => {
  const host = await lab.host('alpha')
  for (const kind of new Set(parts.flatMap((part) => Object.keys(PARTS[part])))) {
    await copyFile(process.execPath, join(binaries, kind))
  }
  for (const part of parts) {
    for (let run = 0; run < runs; run++) await (part === 'idle' ? rested(host) : inTurns(host, part))
  }
}).finally(() => rm(binaries, { recursive: true }))
console.log(
  `bench/start: medians of ${runs} runs, in turns; in brackets the difference and the ratio to the first. ${conditions()}.`
)
for (const part of parts) print(part)

async function inTurns(host: Host, part: 'import' | 'listen'): Promise<void> {
  for (const kind of Object.keys(PARTS[part])) {
    const program = await start(host, part, kind)
    await look(program, part, kind)
    await program.kill()
  }
}

async function rested(host: Host): Promise<void> {
  const kinds = Object.keys(PARTS.idle)
  const programs: Program[] = []
  for (const kind of kinds) programs.push(await start(host, 'idle', kind))
  await delay(restMs)
  for (const [i, program] of programs.entries()) await look(program, 'idle', kinds[i] ?? '')
  await Promise.all(programs.map((program) => program.kill()))
}

/** Starts a process; resolves when it has reached its point. */
async function start(host: Host, part: string, kind: string): Promise<Program> {
  const program = await host.run([join(binaries, kind), PROGRAM, kind])
  const { ms, cpuMs } = JSON.parse(await program.line(/^\{/, `${kind} does not start`)) as Started
  samples.add(`${part} ${kind} ms`, ms)
  samples.add(`${part} ${kind} cpu`, cpuMs)
  return program
}

async function look(program: Program, part: string, kind: string): Promise<void> {
  samples.add(`${part} ${kind} rss`, await residentBytes(program.pid))
  samples.add(`${part} ${kind} pss`, await proportionalBytes(program.pid))
}

function print(part: keyof typeof PARTS): void {
  const kinds = Object.entries(PARTS[part])
  const [[first = ''] = []] = kinds
  const cell = (kind: string, figure: string, format: (value: number) => string) => {
    const [value, reference] = [kind, first].map((one) => median(samples.of(`${part} ${one} ${figure}`))) as [
      number,
      number
    ]
    if (kind === first) return format(value)
    return `${format(value)} (+${format(value - reference)}, ${(value / reference).toFixed(2)})`
  }
  const whole = (ms: number) => ms.toFixed(1)
  const rows = kinds.map(([kind, title]) => [
    title,
    cell(kind, 'ms', whole),
    cell(kind, 'cpu', whole),
    cell(kind, 'rss', mebibytes),
    cell(kind, 'pss', mebibytes)
  ])
  console.log(`\n${part}:\n`)
  console.log(table(['', 'ms', 'CPU ms', 'RSS MiB', 'PSS MiB'], rows))
}
