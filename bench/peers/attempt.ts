import { type Host, withLab } from '../../test/lab/index.js'
import type { Peer } from './catalogue.js'
import { FOLDER, type Member } from './member.js'
import type { Result } from './results.js'
import { Venue } from './venue.js'

/** What a scenario is given. */
export interface Plan {
  readonly peers: readonly Peer[]
  /** Numbers of members, for scenarios in which it varies. */
  readonly sizes: readonly number[]
  readonly runs: number
  readonly tell: Tell
}

export type Tell = (result: Result) => void

/** The longest wait for an idle machine before each measurement, in milliseconds. */
export const QUIET_MS = 1000
/** Milliseconds after which a mesh that is not complete counts as failed. */
export const MESH_MS = 20_000

/** The folder of the repository. */
const ROOT = FOLDER.slice(0, -'bench/peers/'.length)
/** The greatest length of a log. */
const LOG_LENGTH = 10_000

/** What is measured: a peer and its members, whose output is the log of a failure. */
export interface Subject {
  readonly peer: Peer
  readonly members: readonly Member[]
}

/** Tells the result of a measurement, or its failure. */
export async function attempt(
  subject: Subject,
  metric: string,
  tell: Tell,
  measure: () => Promise<number>
): Promise<void> {
  await succeeds(subject, [metric], tell, async () => tell({ metric, peer: subject.peer.id, value: await measure() }))
}

/** Resolves with true if the body succeeds. If it throws, tells a failure of each of these metrics, the first with the log. */
export async function succeeds(
  { peer, members }: Subject,
  metrics: Iterable<string>,
  tell: Tell,
  body: () => Promise<void>
): Promise<boolean> {
  try {
    await body()
    return true
  } catch (error) {
    const message = (error as Error).message.replaceAll(ROOT, '')
    const [failed = ''] = message.split(/: no line matched|\n/)
    const logs = [...members.map(logOf), message.slice(failed.length)].join('\n')
    const log = logs.replaceAll(ROOT, '').slice(0, LOG_LENGTH)
    for (const [i, metric] of [...metrics].entries()) {
      tell({ metric, peer: peer.id, failed, ...(i === 0 ? { log } : {}) })
    }
    return false
  }
}

function logOf({ host, count, log }: Member): string {
  return `${host.name}, ${count} connected:\n${log}`
}

/**
 * For each peer in turn, `runs` times: starts its members, calls the body, and ends them. If one of the steps throws, each of
 * the metrics for which the body told nothing has failed.
 */
export async function inTurns(
  { peers, runs, tell }: Plan,
  metrics: readonly string[],
  size: number,
  body: (venue: Venue, tell: Tell) => Promise<void>
): Promise<void> {
  await withLab(async (lab) => {
    const venues = await Venue.shared(lab, peers, size)
    for (let run = 0; run < runs; run++) {
      for (const venue of venues) {
        const missing = new Set(metrics)
        await succeeds(venue, missing, tell, async () => {
          await venue.startAll()
          await body(venue, (result) => {
            missing.delete(result.metric)
            tell(result)
          })
        })
        await venue.leaveAll()
      }
    }
  })
}

/** The venues whose members make a full mesh; tells a failure of the metrics for each other one, and ends its members. */
export async function assembled(venues: readonly Venue[], metrics: readonly string[], tell: Tell): Promise<Venue[]> {
  const found: Venue[] = []
  for (const venue of venues) {
    const body = async () => {
      await venue.startAll()
      await venue.assemble(MESH_MS)
    }
    if (await succeeds(venue, metrics, tell, body)) found.push(venue)
    else await venue.leaveAll()
  }
  return found
}

/** Packets on the cable of a host since its start, in both directions. */
export async function packetsOf(host: Host): Promise<number> {
  const table = await host.exec(['cat', '/proc/net/dev'])
  const [, , received = '0', ...rest] = /^\s*eth0:.*$/m.exec(table)?.[0].trim().split(/\s+/) ?? []
  return Number(received) + Number(rest[7] ?? 0)
}
