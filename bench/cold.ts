// A newcomer in a cold process, compared with bare sockets that are given all addresses: the time from `listen()` to
// its last connection, from the start of its process to that, and a CPU profile after `listen()`.
//
//   scripts/bench cold [--nodes 2,10,20] [--runs 10]
import { fileURLToPath } from 'node:url'
import { type Host, withLab } from '../test/lab/index.js'
import { count, counts, options } from '../test/support/options.js'
import { BareMesh } from './lib/bare-mesh.js'
import { median, Samples, short, table } from './lib/figures.js'
import { type Profiled, STEPS } from './lib/join-steps.js'
import { Member, startSettled } from './lib/member.js'
import { conditions, hostNames, quiet } from './lib/run.js'
import type { StartedJoin } from './lib/started-join.js'

const { values: given } = options(import.meta.url, {
  nodes: { type: 'string', default: '2,10,20' },
  runs: { type: 'string', default: '10' }
})
const sizes = counts('nodes', given.nodes)
const runs = count('runs', given.runs)
const settings = { name: 'bench-cold', driver: 'avahi' }
const PROFILED = fileURLToPath(new URL('lib/profiled-join.js', import.meta.url))
const STARTED = fileURLToPath(new URL('lib/started-join.js', import.meta.url))
const JOIN_MS = 60_000
const samples = new Samples()

for (const size of sizes) {
  await withLab(async (lab) => {
    const [newHost, ...others] = await lab.hosts(hostNames(size))
    if (newHost === undefined) throw new RangeError('a mesh has at least one host')
    const mesh = await startSettled(others, settings)
    const bare = await BareMesh.start(others, 1)
    for (let run = 0; run < runs; run++) {
      samples.add(`${size} bare`, await bare.join(newHost))
      await joinOnce(newHost, mesh)
      await profileOnce(newHost, mesh)
      await ready(newHost, mesh)
      const started = ['tcpnet', JSON.stringify(settings), String(mesh.length)]
      samples.add(`${size} started tcpnet`, await startOnce(newHost, started))
      await ready(newHost, mesh)
      samples.add(`${size} started bare`, await startOnce(newHost, ['bare', JSON.stringify(bare.targets)]))
    }
    await bare.close()
    await Promise.all(mesh.map((member) => member.close()))
  })
  process.stderr.write(`${size} nodes: done\n`)
}
print()

async function ready(host: Host, mesh: readonly Member[]): Promise<void> {
  await Promise.all(mesh.map((member) => member.settle(mesh.length - 1)))
  await host.avahi.restart()
  await quiet()
}

async function joinOnce(host: Host, mesh: readonly Member[]): Promise<void> {
  await ready(host, mesh)
  const member = await Member.start(host, settings)
  const { joinedMs, cpuMs } = await member.listen(mesh.length)
  samples.add(`${mesh.length + 1} tcpnet`, joinedMs)
  samples.add(`${mesh.length + 1} cpu`, cpuMs)
  await member.close()
}

async function profileOnce(host: Host, mesh: readonly Member[]): Promise<void> {
  await ready(host, mesh)
  const program = await host.run([process.execPath, PROFILED, JSON.stringify(settings), String(mesh.length)])
  const { shares } = JSON.parse(await program.line(/^\{/, 'the profiled node does not join', JOIN_MS)) as Profiled
  for (const step of STEPS) samples.add(`${mesh.length + 1} ${step}`, shares[step] * 100)
  await program.exit
}

/** @returns milliseconds from the start of the process */
async function startOnce(host: Host, args: readonly string[]): Promise<number> {
  const program = await host.run([process.execPath, STARTED, ...args])
  const { ms } = JSON.parse(await program.line(/^\{/, 'the node that starts does not join', JOIN_MS)) as StartedJoin
  await program.exit
  return ms
}

function print(): void {
  const cells = (of: (size: number) => string) => sizes.map(of)
  const middle = (size: number, key: string) => median(samples.of(`${size} ${key}`))
  console.log(`bench/cold: medians of ${runs} runs, in turns. ${conditions()}.\n`)
  const rows = [
    ['bare sockets, ms', ...cells((size) => short(middle(size, 'bare')))],
    ['tcpnet, ms', ...cells((size) => short(middle(size, 'tcpnet')))],
    ['ratio', ...cells((size) => short(middle(size, 'tcpnet') / middle(size, 'bare')))],
    ['from the start, bare sockets, ms', ...cells((size) => short(middle(size, 'started bare')))],
    ['from the start, tcpnet, ms', ...cells((size) => short(middle(size, 'started tcpnet')))],
    ['ratio', ...cells((size) => short(middle(size, 'started tcpnet') / middle(size, 'started bare')))],
    ['CPU of tcpnet, ms', ...cells((size) => short(middle(size, 'cpu')))],
    ...STEPS.map((step) => [`${step}, %`, ...cells((size) => middle(size, step).toFixed(0))])
  ]
  console.log(table(['', ...sizes.map((size) => `N = ${size}`)], rows))
}
