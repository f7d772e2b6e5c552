import { setTimeout as delay } from 'node:timers/promises'
import { withLab } from '../../../test/lab/index.js'
import { workMs } from '../../lib/processes.js'
import { assembled, type Plan, packetsOf, startOrTell } from '../attempt.js'
import type { Member } from '../member.js'
import { leaveAll, Venue } from '../venue.js'

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
    const meshes: { id: string; members: Member[] }[] = []
    for (const venue of await Venue.apart(lab, peers, MEMBERS)) {
      const members = await startOrTell(venue, 'packets', tell)
      if (members === null) continue
      if (await assembled(venue, members, 'packets', tell)) meshes.push({ id: venue.peer.id, members })
    }
    await delay(REST_MS)
    for (let run = 0; run < runs; run++) {
      const before = await Promise.all(meshes.map(({ members }) => spent(members)))
      await delay(IDLE_MS)
      const after = await Promise.all(meshes.map(({ members }) => spent(members)))
      for (const [i, { id }] of meshes.entries()) {
        const share = (of: 'cpuMs' | 'packets') =>
          ((((after[i]?.[of] ?? 0) - (before[i]?.[of] ?? 0)) / MEMBERS) * MINUTE_MS) / IDLE_MS
        tell({ metric: 'packets', peer: id, value: share('packets') })
        tell({ metric: 'cpu', peer: id, value: share('cpuMs') })
      }
    }
    for (const { members } of meshes) await leaveAll(members)
  })
}

/** The sums for all members so far. */
async function spent(members: readonly Member[]): Promise<{ cpuMs: number; packets: number }> {
  const daemons = members.flatMap(({ host }) => (host.avahi.running ? [host.avahi.pid] : []))
  const work = await Promise.all([...members.map(({ pid }) => pid), ...daemons].map(workMs))
  const packets = await Promise.all(members.map(({ host }) => packetsOf(host)))
  return { cpuMs: sum(work), packets: sum(packets) }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
