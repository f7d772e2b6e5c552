import { type Host, withLab } from '../../test/lab/index.js'
import type { Peer } from './catalogue.js'
import { FOLDER, type Member } from './member.js'
import type { Result } from './results.js'
import { assemble, leaveAll, Venue } from './venue.js'

/** What a scenario is given. */
export interface Plan {
  readonly peers: readonly Peer[]
  /** Numbers of members, for scenarios in which it varies. */
  readonly sizes: readonly number[]
  readonly runs: number
  readonly tell: (result: Result) => void
}

/** The longest wait for an idle machine before each measurement, in milliseconds. */
export const QUIET_MS = 3000
/** Milliseconds after which a mesh that is not complete counts as failed. */
export const MESH_MS = 20_000

/** The folder of the repository. */
const ROOT = FOLDER.slice(0, -'bench/peers/'.length)

/** What a result is about. */
export type Head = Pick<Result, 'metric' | 'peer' | 'nodes'>

/** The result of a measurement, or of its failure, with the end of what the members wrote. */
export async function attempt(head: Head, members: readonly Member[], measure: () => Promise<number>): Promise<Result> {
  try {
    return { ...head, value: await measure() }
  } catch (error) {
    const [failed = ''] = (error as Error).message.split(/: no line matched|\n/)
    return { ...head, failed, log: logOf(members) }
  }
}

/** Without the paths of this machine. */
function logOf(members: readonly Member[]): string {
  const logs = members.map((member) => `${member.host.name}, ${member.count} connected:\n${member.log}`)
  return logs.join('\n').replaceAll(ROOT, '')
}

/** For each peer in turn, `runs` times: starts its members, and ends them. A peer whose members do not start has failed. */
export async function inTurns(
  { peers, runs, tell }: Plan,
  metric: string,
  size: number,
  body: (venue: Venue, members: Member[]) => Promise<void>
): Promise<void> {
  await withLab(async (lab) => {
    const venues = await Venue.shared(lab, peers, size)
    for (let run = 0; run < runs; run++) {
      for (const venue of venues) {
        const members = await startOrTell(venue, metric, tell)
        if (members === null) continue
        await body(venue, members)
        await leaveAll(members)
      }
    }
  })
}

/** Starts a member on each host; if that fails tells it and resolves with null. */
export async function startOrTell(venue: Venue, metric: string, tell: Plan['tell']): Promise<Member[] | null> {
  try {
    return await venue.startAll()
  } catch (error) {
    const [failed = '', ...log] = (error as Error).message.split(': no line matched')
    tell({
      metric,
      peer: venue.peer.id,
      nodes: venue.hosts.length,
      failed,
      log: log.join('').replaceAll(ROOT, '').slice(-2000)
    })
    return null
  }
}

/** Makes a full mesh; if that fails tells it, ends the members and resolves with false. */
export async function assembled(
  venue: Venue,
  members: readonly Member[],
  metric: string,
  tell: Plan['tell']
): Promise<boolean> {
  const result = await attempt({ metric, peer: venue.peer.id }, members, async () => {
    await assemble(members, MESH_MS)
    return 0
  })
  if (result.failed === undefined) return true
  tell(result)
  await leaveAll(members)
  return false
}

/** Packets on the cable of a host since its start, in both directions. */
export async function packetsOf(host: Host): Promise<number> {
  const table = await host.exec(['cat', '/proc/net/dev'])
  const [, , received = '0', ...rest] = /^\s*eth0:.*$/m.exec(table)?.[0].trim().split(/\s+/) ?? []
  return Number(received) + Number(rest[7] ?? 0)
}
