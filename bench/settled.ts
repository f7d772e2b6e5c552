// What a settled mesh costs, for each node in a minute: packets of multicast DNS, and processor time of the node and of
// its daemon. Every node is on a host of its own, with Debian's settings of avahi-daemon, or without a daemon for the
// driver embedded; no node joins or leaves.
//
//   looks     our own questions (from another port than 5353) and the answers to them, sent and received
//   daemons   packets between daemons, or embedded responders (from port 5353 to port 5353), sent and received
//
// All sizes and drivers run at the same time. Nodes look for others every 2 to 10 minutes, so a shorter time shows too
// little.
//
//   scripts/bench settled [--nodes 10,20,50] [--drivers avahi,embedded] [--rest 8] [--minutes 12]
import { setTimeout as delay } from 'node:timers/promises'
import { type Host, withLab } from '../test/lab/index.js'
import { choices, count, counts, options } from '../test/support/options.js'
import { short, table } from './lib/figures.js'
import { type Member, startSettled } from './lib/member.js'
import { introduce } from './lib/neighbours.js'
import { countPackets, PACKETS, type PacketCounts, packetCounts } from './lib/packets.js'
import { workMs } from './lib/processes.js'
import { conditions, hostNames } from './lib/run.js'

const { values: given } = options(import.meta.url, {
  nodes: { type: 'string', default: '10,20,50' },
  drivers: { type: 'string', default: 'avahi,embedded' },
  rest: { type: 'string', default: '8' },
  minutes: { type: 'string', default: '12' }
})
const sizes = counts('nodes', given.nodes)
const drivers = choices('drivers', given.drivers, ['avahi', 'embedded'])
const restMinutes = count('rest', given.rest)
const minutes = count('minutes', given.minutes)
const MINUTE_MS = 60_000

/** The sum of the costs of all hosts so far. */
interface Done {
  readonly nodesMs: number
  readonly daemonsMs: number
  readonly packets: PacketCounts
}

const columns = drivers.flatMap((driver) => sizes.map((size) => ({ driver, size })))
const costs = await Promise.all(columns.map(measure))
console.log(
  `bench/settled: for each node in a minute, over ${minutes} minutes, after ${restMinutes} of rest. ${conditions()}.\n`
)
const looks = ({ packets }: Done) => PACKETS.looks.reduce((sum, kind) => sum + packets[kind], 0)
const rows = [
  ['questions of looks, sent', (cost: Done) => cost.packets.questionsOut],
  ['answers to looks, sent', (cost: Done) => cost.packets.answersOut],
  ['questions of looks, received', (cost: Done) => cost.packets.questionsIn],
  ['answers to looks, received', (cost: Done) => cost.packets.answersIn],
  ['packets of looks', looks],
  ['packets between daemons, sent', (cost: Done) => cost.packets.daemonsOut],
  ['packets between daemons, received', (cost: Done) => cost.packets.daemonsIn],
  ['CPU ms of the node', (cost: Done) => cost.nodesMs],
  ['CPU ms of its daemon', (cost: Done) => cost.daemonsMs]
] as const
console.log(
  table(
    ['', ...columns.map(({ driver, size }) => `${driver}, N = ${size}`)],
    rows.map(([title, of]) => [title, ...costs.map((cost) => short(of(cost)))])
  )
)

/** The costs of one node of a mesh of this size in a minute. */
async function measure({ driver, size }: (typeof columns)[number]): Promise<Done> {
  return await withLab(async (lab) => {
    const hosts = await lab.hosts(hostNames(size), { avahi: driver === 'avahi' })
    await introduce(hosts)
    await Promise.all(hosts.map(countPackets))
    const mesh = await startSettled(hosts, { name: 'bench-settled', driver })
    process.stderr.write(`${driver}, ${size} nodes: a full mesh\n`)
    await delay(restMinutes * MINUTE_MS)
    const before = await done(hosts, mesh)
    await delay(minutes * MINUTE_MS)
    const after = await done(hosts, mesh)
    await Promise.all(mesh.map((member) => member.close()))
    const share = (now: number, then: number) => (now - then) / size / minutes
    const kinds = [...PACKETS.looks, ...PACKETS.daemons]
    return {
      nodesMs: share(after.nodesMs, before.nodesMs),
      daemonsMs: share(after.daemonsMs, before.daemonsMs),
      packets: Object.fromEntries(
        kinds.map((kind) => [kind, share(after.packets[kind], before.packets[kind])])
      ) as PacketCounts
    }
  })
}

async function done(hosts: readonly Host[], mesh: readonly Member[]): Promise<Done> {
  const work = async (pids: number[]) => (await Promise.all(pids.map(workMs))).reduce((sum, ms) => sum + ms, 0)
  return {
    nodesMs: await work(mesh.map(({ pid }) => pid)),
    daemonsMs: await work(hosts.flatMap(({ avahi }) => (avahi.running ? [avahi.pid] : []))),
    packets: await packetCounts(hosts)
  }
}
