// What many nodes cost, compared with as many bare net.Sockets:
//
//   crowd       100 services in one process, 4,950 connections: time and memory
//   hosts       50 nodes on 10 hosts, 1,225 connections: time
//   throughput  of one connection between two hosts
//   idle        the processor time of each of 20 idle nodes, 190 connections
//
//   scripts/bench scale [--parts crowd,hosts,throughput,idle] [--runs 5] [--idle 60]
import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Host, withLab } from '../test/lab/index.js'
import { choices, count, options } from '../test/support/options.js'
import { BareMesh } from './lib/bare-mesh.js'
import type { Crowd } from './lib/crowd-report.js'
import { mebibytes, median, short, table } from './lib/figures.js'
import { Member, startAll } from './lib/member.js'
import { residentBytes, workMs } from './lib/processes.js'
import { conditions, hostNames, quiet } from './lib/run.js'
import { throughput } from './lib/streams.js'

const { values: given } = options(import.meta.url, {
  parts: { type: 'string', default: 'crowd,hosts,throughput,idle' },
  runs: { type: 'string', default: '5' },
  idle: { type: 'string', default: '60' }
})
const runs = count('runs', given.runs)
const idleSeconds = count('idle', given.idle)
const CROWD = fileURLToPath(new URL('lib/crowd.js', import.meta.url))
/** Milliseconds before the instant at which all nodes listen, in which the command reaches them. */
const AHEAD_MS = 300
/** Milliseconds after which a new mesh is idle. */
const REST_MS = 20_000
const MIB = 2 ** 20

const parts = { crowd, hosts, throughput: stream, idle } as const
for (const part of choices('parts', given.parts, ['crowd', 'hosts', 'throughput', 'idle'])) {
  await parts[part]()
  console.log(`\n${conditions()}.\n`)
}

async function crowd(): Promise<void> {
  const kinds = [
    ['tcpnet, 100 services', 'service', '100'],
    ['net.Socket, one line each way', 'socket', '100', 'lines'],
    ['net.Socket, never used', 'socket', '100']
  ] as const
  const reports = kinds.map((): Crowd[] => [])
  for (let run = 0; run < runs; run++) {
    for (const [i, [, ...args]] of kinds.entries()) {
      await quiet()
      const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', CROWD, ...args])
      reports[i]?.push(JSON.parse(stdout) as Crowd)
    }
  }
  const middle = (of: Crowd[], key: keyof Crowd) => median(of.map((report) => report[key]))
  const [ours = []] = reports
  const rows = kinds.map(([title], i) => {
    const these = reports[i] ?? []
    const times = (key: keyof Crowd) => short(middle(ours, key) / middle(these, key))
    const cells = (['meshMs', 'rssBytes', 'heapBytes'] as const).flatMap((key) => [
      Math.round(middle(these, key)).toString(),
      times(key)
    ])
    return [title, ...cells]
  })
  console.log(`bench/scale, crowd: 4,950 connections within one process, both ends in it; medians of ${runs} runs.\n`)
  console.log(table(['', 'mesh ms', 'ratio', 'RSS bytes', 'ratio', 'heap bytes', 'ratio'], rows))
}

async function hosts(): Promise<void> {
  const times: { tcpnet: number[]; bare: number[] } = { tcpnet: [], bare: [] }
  await withLab(async (lab) => {
    const made = await lab.hosts(hostNames(10))
    for (let run = 0; run < runs; run++) {
      const bare = await BareMesh.start(made, 5)
      times.bare.push(bare.joinedMs)
      await bare.close()
      times.tcpnet.push(await meshTime(made.flatMap((host) => Array<Host>(5).fill(host))))
    }
  })
  console.log(`bench/scale, hosts: 50 nodes on 10 hosts at once, 1,225 connections; medians of ${runs} runs.\n`)
  const [ours, bare] = [median(times.tcpnet), median(times.bare)]
  const rows = [
    ['tcpnet', short(ours)],
    ['net.Socket, all addresses given', short(bare)]
  ]
  console.log(table(['', 'ms to full mesh'], rows))
}

async function meshTime(places: readonly Host[]): Promise<number> {
  const nodes = await startAll(places, (host) => Member.start(host, { name: 'bench-scale', driver: 'avahi' }))
  await quiet()
  const at = Date.now() + AHEAD_MS
  const joined = await Promise.all(nodes.map((node) => node.listen(nodes.length - 1, at)))
  await Promise.all(nodes.map((node) => node.settle(nodes.length - 1)))
  await Promise.all(nodes.map((node) => node.close()))
  return Math.max(...joined.map(({ joinedMs }) => joinedMs))
}

async function stream(): Promise<void> {
  const rounds = runs * 4
  await withLab(async (lab) => {
    const pair = await lab.hosts(['alpha', 'beta'])
    const plan = { bytes: 256 * MIB, services: { tcpnet: { driver: 'avahi' } } }
    const rows = (await throughput(pair, plan, rounds)).map(({ kind, mebibytesPerSecond, ratio }) => [
      kind === 'bare' ? 'net.Socket' : kind,
      Math.round(mebibytesPerSecond).toString(),
      ratio.toFixed(3)
    ])
    console.log(`bench/scale, throughput: 256 MiB at a time, in turns; medians of ${rounds} rounds.\n`)
    console.log(table(['', 'MiB/s', 'ratio'], rows))
  })
}

async function idle(): Promise<void> {
  await withLab(async (lab) => {
    const made = await lab.hosts(hostNames(20))
    const nodes = await startAll(made, (host) => Member.start(host, { name: 'bench-idle', driver: 'avahi' }))
    await Promise.all(nodes.map((node) => node.listen(nodes.length - 1)))
    const bare = await BareMesh.start(made, 1)
    await delay(REST_MS)
    const groups: [title: string, pids: number[]][] = [
      ['tcpnet', nodes.map(({ pid }) => pid)],
      ['net.Socket', bare.pids],
      ['avahi-daemon', made.map(({ avahi }) => avahi.pid)]
    ]
    const work = async () => await Promise.all(groups.map(async ([, pids]) => sum(await Promise.all(pids.map(workMs)))))
    const before = await work()
    const start = performance.now()
    await delay(idleSeconds * 1000)
    const [after, passedMs] = [await work(), performance.now() - start]
    const rows = await Promise.all(
      groups.map(async ([title, pids], i) => {
        const share = ((after[i] ?? 0) - (before[i] ?? 0)) / passedMs / pids.length
        return [
          title,
          (share * 100).toFixed(4),
          mebibytes(sum(await Promise.all(pids.map(residentBytes))) / pids.length)
        ]
      })
    )
    console.log(
      `bench/scale, idle: each of 20 processes on 20 hosts, over ${idleSeconds} s in which all nodes are idle.\n`
    )
    console.log(table(['', '% of a core', 'RSS MiB'], rows))
    await bare.close()
    await Promise.all(nodes.map((node) => node.close()))
  })
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
