// How long joining takes: from `listen()` to the last of the N-1 `connection` events, every node on a host of its own.
//
//   newcomer   one node joins a mesh of N-1 that has settled
//   together   N nodes listen at the same instant; the figure is that of the last one. A second table has, for each node,
//              the processor time of the node and its daemon, and the multicast packets that reach one host, until the mesh
//              is full; and for all nodes the dials that failed and the connections that were made more than once
//
// Each run has a new process, which is already running when the clock starts. With `cold` caches the daemon of a
// joining node has just been started, with `warm` ones it has seen the cluster in the runs before. Variants are
// measured in turns, in one network, and each run begins when the machine is idle. The driver embedded has a network
// and hosts of its own, without daemons, and so no caches. A service is made when its process starts; with --at-once, in the
// turn in which it listens, which is measured then.
//
//   scripts/bench join [--runs 10] [--nodes 2,5,10,20] [--drivers avahi,embedded,bonjour,mdns] [--look on,off]
//                      [--caches cold,warm] [--mode newcomer,together] [--at-once] [--timeline]
import { type Host, type Lab, withLab } from '../test/lab/index.js'
import { choices, count, counts, options } from '../test/support/options.js'
import { median, quantile, Samples, short, table } from './lib/figures.js'
import { Member, startAll, startSettled } from './lib/member.js'
import { workMs } from './lib/processes.js'
import type { Joined } from './lib/protocol.js'
import { conditions, hostNames, quiet } from './lib/run.js'

const { values: given } = options(import.meta.url, {
  runs: { type: 'string', default: '10' },
  nodes: { type: 'string', default: '2,5,10,20' },
  drivers: { type: 'string', default: 'avahi,embedded,bonjour,mdns' },
  look: { type: 'string', default: 'on,off' },
  caches: { type: 'string', default: 'cold,warm' },
  mode: { type: 'string', default: 'newcomer,together' },
  'at-once': { type: 'boolean', default: false },
  timeline: { type: 'boolean', default: false }
})
const runs = count('runs', given.runs)
const sizes = counts('nodes', given.nodes)
const drivers = choices('drivers', given.drivers, ['avahi', 'embedded', 'bonjour', 'mdns'])
const looks = choices('look', given.look, ['on', 'off'])
const allCaches = choices('caches', given.caches, ['cold', 'warm'])
const chosenModes = choices('mode', given.mode, ['newcomer', 'together'])

/** Milliseconds before the instant at which all nodes listen, in which the command reaches them. */
const AHEAD_MS = 150

/** One of the variants that are measured in turns. */
interface Variant {
  driver: string
  look: string
  caches: string
}

const variants: Variant[] = allCaches.flatMap((caches) =>
  drivers.flatMap((driver) => looks.map((look) => ({ driver, look, caches })))
)
const modes = { newcomer: newcomers, together: together } as const
const times = new Samples()
/** The costs of a start of all nodes, by kind. */
const costs = new Samples()
/** Runs before which the machine did not become idle. */
let busy = 0

for (const mode of chosenModes) {
  const measure = modes[mode]
  for (const nodes of sizes) {
    await withLab(async (lab) => {
      const equipped = drivers.some((driver) => driver !== 'embedded') ? await lab.hosts(hostNames(nodes)) : []
      const bare = drivers.includes('embedded') ? await bareHosts(lab, nodes) : []
      const hostsOf: HostsOf = (driver) => (driver === 'embedded' ? bare : equipped)
      await measure(hostsOf, (variant, ms) => times.add(keyOf(mode, variant, nodes), ms))
    })
    process.stderr.write(`${mode}, ${nodes} nodes: done (${conditions()})\n`)
  }
}
print()

type Tell = (variant: Variant, ms: number) => void
/** The hosts that a driver is measured on. */
type HostsOf = (driver: string) => readonly Host[]

/** Hosts without daemons, on a network of their own. */
function bareHosts(lab: Lab, count: number): Promise<readonly Host[]> {
  return lab.hosts(
    hostNames(count).map((name) => `bare-${name}`),
    { avahi: false, lans: ['bare'] }
  )
}

async function newcomers(hostsOf: HostsOf, tell: Tell): Promise<void> {
  const meshes = new Map<string, Member[]>()
  for (const driver of drivers) {
    meshes.set(driver, await startSettled(hostsOf(driver).slice(1), { name: `bench-${driver}`, driver }))
  }
  for (let run = 0; run < runs; run++) {
    for (const variant of variants) {
      const mesh = meshes.get(variant.driver) ?? []
      await settled(mesh)
      const [newHost] = hostsOf(variant.driver)
      if (newHost === undefined) throw new RangeError('a mesh has at least one host')
      if (variant.caches === 'cold' && newHost.avahi.running) await newHost.avahi.restart()
      const newcomer = await start(newHost, variant)
      if (!(await quiet())) busy++
      const joined = await newcomer.listen(mesh.length, undefined, given.timeline)
      tell(variant, joined.joinedMs)
      if (given.timeline) printTimeline(variant, joined)
      await newcomer.close()
    }
  }
  await Promise.all([...meshes.values()].flat().map((member) => member.close()))
}

async function settled(mesh: readonly Member[]): Promise<void> {
  await Promise.all(mesh.map((member) => member.settle(mesh.length - 1)))
}

async function together(hostsOf: HostsOf, tell: Tell): Promise<void> {
  for (let run = 0; run < runs; run++) {
    for (const variant of variants) {
      const hosts = hostsOf(variant.driver)
      const daemons = hosts.filter((host) => host.avahi.running).map((host) => host.avahi)
      if (variant.caches === 'cold') await Promise.all(daemons.map((daemon) => daemon.restart()))
      const nodes = await startAll(hosts, (host) => start(host, variant))
      if (!(await quiet())) busy++
      const before = await spent(hosts)
      const at = Date.now() + AHEAD_MS
      const joined = await Promise.all(nodes.map((node) => node.listen(nodes.length - 1, at, given.timeline)))
      tellCosts(keyOf('together', variant, nodes.length), joined, before, await spent(hosts))
      tell(variant, Math.max(...joined.map(({ joinedMs }) => joinedMs)))
      const [last] = joined.sort((a, b) => b.joinedMs - a.joinedMs)
      if (given.timeline && last !== undefined) printTimeline(variant, last)
      await Promise.all(nodes.map((node) => node.close()))
    }
  }
}

/**
 * The processor time of the daemons of all hosts, in milliseconds, and the multicast packets that the first host has
 * received.
 */
async function spent(hosts: readonly Host[]): Promise<{ daemonsMs: number; packets: number }> {
  const daemons = await Promise.all(hosts.map((host) => (host.avahi.running ? workMs(host.avahi.pid) : 0)))
  const counters = (await hosts[0]?.exec(['cat', '/proc/net/netstat', '/proc/net/snmp6'])) ?? ''
  const [names, values] = counters.split('\n').filter((line) => line.startsWith('IpExt:'))
  const column = names?.split(' ').indexOf('InMcastPkts') ?? -1
  const ipv6 = /^Ip6InMcastPkts\s+(\d+)/m.exec(counters)?.[1]
  return {
    daemonsMs: daemons.reduce((sum, ms) => sum + ms, 0),
    packets: Number(values?.split(' ')[column] ?? 0) + Number(ipv6 ?? 0)
  }
}

type Spent = Awaited<ReturnType<typeof spent>>

function tellCosts(key: string, joined: readonly Joined[], before: Spent, after: Spent): void {
  const sum = (of: (one: Joined) => number) => joined.reduce((total, one) => total + of(one), 0)
  costs.add(`${key} node`, sum(({ cpuMs }) => cpuMs) / joined.length)
  costs.add(`${key} daemon`, (after.daemonsMs - before.daemonsMs) / joined.length)
  costs.add(`${key} packets`, after.packets - before.packets)
  costs.add(
    `${key} errors`,
    sum(({ dialErrors }) => dialErrors)
  )
  costs.add(
    `${key} repeated`,
    sum(({ repeated }) => repeated)
  )
}

function printCosts(): void {
  const kinds = ['node', 'daemon', 'packets', 'errors', 'repeated']
  const rows = variants.flatMap((variant) =>
    sizes.map((size) => {
      const medians = kinds.map((kind) => short(median(costs.of(`${keyOf('together', variant, size)} ${kind}`))))
      return [`${variant.driver}, first look ${variant.look}, ${variant.caches}`, String(size), ...medians]
    })
  )
  console.log('\ntogether, medians until the mesh is full:\n')
  const heads = [
    '',
    'N',
    'CPU ms of a node',
    'of its daemon',
    'multicast packets',
    'dial errors',
    'repeated connections'
  ]
  console.log(table(heads, rows))
}

async function start(host: Host, { driver, look }: Variant): Promise<Member> {
  const settings = { name: `bench-${driver}`, driver, firstLook: look === 'on', madeAtOnce: given['at-once'] }
  return await Member.start(host, settings)
}

function printTimeline({ driver, look, caches }: Variant, { timeline, joinedMs, cpuMs }: Joined): void {
  const summary = `${driver}, first look ${look}, ${caches}: ${short(joinedMs)} ms, of them ${short(cpuMs)} at work`
  process.stderr.write(`${summary}\n${timeline.map((line) => `  ${line}\n`).join('')}`)
}

function keyOf(mode: string, { driver, look, caches }: Variant, nodes: number): string {
  return [mode, caches, driver, look, nodes].join(' ')
}

function print(): void {
  console.log(
    `bench/join: milliseconds from listen() to the last connection, median (nine in ten are below) of ${runs} runs.`
  )
  console.log(`${conditions()}. Runs that began while the machine was busy: ${busy}.`)
  for (const mode of chosenModes) {
    for (const caches of allCaches) {
      const rows = variants.filter((variant) => variant.caches === caches).map((variant) => row(mode, variant, sizes))
      console.log(`\n${mode}, ${caches} caches:\n`)
      console.log(table(['driver', 'first look', ...sizes.map((size) => `N = ${size}`)], rows))
    }
    printRatios(mode, sizes)
    if (mode === 'together') printCosts()
  }
}

function row(mode: string, variant: Variant, sizes: readonly number[]): string[] {
  const cells = sizes.map((size) => {
    const values = times.of(keyOf(mode, variant, size))
    return `${short(median(values))} (${short(quantile(values, 0.9))})`
  })
  return [variant.driver, variant.look, ...cells]
}

/** The ratios of the other variants to avahi with a first look. */
function printRatios(mode: string, sizes: readonly number[]): void {
  const best = { driver: 'avahi', look: 'on' }
  const others = variants.filter((one) => one.driver !== best.driver || one.look !== best.look)
  const rows = others.flatMap((one) => {
    const cells = sizes.map((size) => {
      const reference = times.of(keyOf(mode, { ...one, ...best }, size))
      return reference.length === 0 ? '' : short(median(times.of(keyOf(mode, one, size))) / median(reference))
    })
    return cells.includes('') ? [] : [[`${one.driver}, first look ${one.look}, ${one.caches}`, ...cells]]
  })
  if (rows.length === 0) return
  console.log(`\n${mode}, times as long as avahi with a first look:\n`)
  console.log(table(['', ...sizes.map((size) => `N = ${size}`)], rows))
}
