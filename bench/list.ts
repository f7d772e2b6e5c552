// The time from the start of a process to its first line: `tcpnet list`, compared with bare Node, on one of two hosts
// with a service each.
//
//   scripts/bench list [--runs 15]
import { fileURLToPath } from 'node:url'
import { type Host, withLab } from '../test/lab/index.js'
import { Node } from '../test/programs/node-client.js'
import { count, options } from '../test/support/options.js'
import { median, quantile, Samples, table } from './lib/figures.js'
import { conditions, quiet } from './lib/run.js'

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const KINDS: Record<string, readonly string[]> = {
  'bare Node, a line': ['--print', '1'],
  'tcpnet --version': [CLI, '--version'],
  'tcpnet list demo': [CLI, 'list', 'demo', '--wait', '1'],
  'tcpnet list': [CLI, 'list', '--wait', '1']
}
/** Prints the microseconds from just before the start of the process to its first line. */
const TIMED = 'start=$(date +%s%6N); "$@" | { read -r first; echo $(($(date +%s%6N) - start)); }'

const runs = count('runs', options(import.meta.url, { runs: { type: 'string', default: '15' } }).values.runs)
const samples = new Samples()

await withLab(async (lab) => {
  const [alpha, beta] = await lab.hosts(['alpha', 'beta'])
  if (alpha === undefined || beta === undefined) throw new Error('the lab has no hosts')
  for (const host of [alpha, beta]) await Node.start(host, { name: 'demo', driver: 'avahi' })
  for (let run = 0; run < runs; run++) {
    await quiet()
    for (const [kind, command] of Object.entries(KINDS)) samples.add(kind, await timed(alpha, command))
  }
})
console.log(`bench/list: ${runs} runs, in turns. ${conditions()}.\n`)
const rows = samples.keys.map((kind) => {
  const times = samples.of(kind)
  return [kind, median(times).toFixed(0), quantile(times, 0.9).toFixed(0)]
})
console.log(table(['first line after', 'median, ms', 'nine in ten, ms'], rows))

async function timed(host: Host, command: readonly string[]): Promise<number> {
  return Number(await host.exec(['bash', '-c', TIMED, 'bash', process.execPath, ...command])) / 1000
}
