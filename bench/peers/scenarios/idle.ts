import { setTimeout as delay } from 'node:timers/promises'
import { withLab } from '../../../test/lab/index.js'
import { workMs } from '../../lib/processes.js'
import { assembled, type Plan, packetsOf } from '../attempt.js'
import { Venue } from '../venue.js'

const METRICS = ['packets', 'cpu'] as const
const MEMBERS = 5
/** Milliseconds of rest after the start, and of the measurement, for each run. */
const REST_MS = 30_000
const IDLE_MS = 60_000
const MINUTE_MS = 60_000

/**
 * What an idle mesh of five costs each node in a minute: processor time of the node and its daemon, and packets on its
 * cable, sent and received. All peers at the same time, each on a network of its own.
 */
export async function idle({ peers, runs, tell }: Plan): Promise<void> {
  await withLab(async (lab) => {
    const meshes = await assembled(await Venue.apart(lab, peers, MEMBERS), METRICS, tell)
    await delay(REST_MS)
    for (let run = 0; run < runs; run++) {
      const before = await Promise.all(meshes.map(spent))
      await delay(IDLE_MS)
      const after = await Promise.all(meshes.map(spent))
      for (const [i, { peer }] of meshes.entries()) {
        for (const metric of METRICS) {
          const total = (after[i]?.[metric] ?? 0) - (before[i]?.[metric] ?? 0)
          tell({ metric, peer: peer.id, value: ((total / MEMBERS) * MINUTE_MS) / IDLE_MS })
        }
      }
    }
    for (const venue of meshes) await venue.leaveAll()
  })
}

/** The sums for all members so far. */
async function spent({ members }: Venue): Promise<Record<(typeof METRICS)[number], number>> {
  const daemons = members.flatMap(({ host }) => (host.avahi.running ? [host.avahi.pid] : []))
  const work = await Promise.all([...members.map(({ pid }) => pid), ...daemons].map(workMs))
  const packets = await Promise.all(members.map(({ host }) => packetsOf(host)))
  return { cpu: sum(work), packets: sum(packets) }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
