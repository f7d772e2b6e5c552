import { withLab } from '../../../test/lab/index.js'
import { assembled, attempt, MESH_MS, type Plan, startOrTell } from '../attempt.js'
import { type Member, monotonicMs } from '../member.js'
import type { Result } from '../results.js'
import { assemble, join, leaveAll, Venue } from '../venue.js'

const MEMBERS = 3
/** Milliseconds for the others to notice a loss, after which it counts as not noticed. */
const NOTICED_MS = 60_000

/** A member is killed; then, in a new mesh, the host of one vanishes. Each peer is on a network of its own. */
export async function losses({ peers, runs, tell }: Plan): Promise<void> {
  for (let run = 0; run < runs; run++) {
    await withLab(async (lab) => {
      const venues = await Venue.apart(lab, peers, MEMBERS)
      const killed = await meshes(venues, 'killed', tell)
      for (const mesh of killed) {
        tell(await lossIn(mesh, 'killed', async (last) => void (await last.program.kill())))
      }
      await leaveAll(killed.flatMap(({ members }) => members))
      // All at the same time: some need the whole minute.
      const cut = await meshes(venues, 'vanished', tell)
      const told = await Promise.all(cut.map((mesh) => lossIn(mesh, 'vanished', (last) => last.host.cut())))
      for (const result of told) tell(result)
      await leaveAll(cut.flatMap(({ members }) => members))
    })
  }
}

interface Mesh {
  readonly venue: Venue
  readonly members: readonly Member[]
}

/** A mesh of each peer that makes one; tells the failures of the others. */
async function meshes(venues: readonly Venue[], metric: string, tell: Plan['tell']): Promise<Mesh[]> {
  const found: Mesh[] = []
  for (const venue of venues) {
    const members = await startOrTell(venue, metric, tell)
    if (members !== null && (await assembled(venue, members, metric, tell))) found.push({ venue, members })
  }
  return found
}

function lossIn({ venue, members }: Mesh, metric: string, lose: (last: Member) => Promise<void>): Promise<Result> {
  return attempt({ metric, peer: venue.peer.id }, members, () => noticed(members, lose))
}

/** Milliseconds until each of the others has lost the last member. */
async function noticed(members: readonly Member[], lose: (last: Member) => Promise<void>): Promise<number> {
  const others = [...members]
  const last = others.pop()
  if (last === undefined) throw new RangeError('there is no member to lose')
  const marks = others.map((member) => member.mark)
  const at = monotonicMs()
  await lose(last)
  const isLast = ({ count = 0 }: { count?: number }) => count === others.length - 1
  const complaint = `not noticed within ${NOTICED_MS / 1000} s`
  const lost = await Promise.all(
    others.map((member, i) => member.event('lost', complaint, NOTICED_MS, marks[i] ?? 0, isLast))
  )
  return Math.max(...lost.map((event) => event.at)) - at
}

/** The daemon of one member restarts; a newcomer on another host joins when it runs again. */
export async function restarts({ peers, runs, tell }: Plan): Promise<void> {
  const using = peers.filter(({ daemon }) => daemon)
  if (using.length === 0) return
  await withLab(async (lab) => {
    for (const venue of await Venue.shared(lab, using, MEMBERS)) {
      for (let run = 0; run < runs; run++) tell(await restarted(venue))
    }
  })
}

async function restarted(venue: Venue): Promise<Result> {
  const members = await venue.startAll()
  const [first, second, newcomer] = members
  if (first === undefined || second === undefined || newcomer === undefined) throw new RangeError('three members')
  const result = await attempt({ metric: 'restart', peer: venue.peer.id }, members, async () => {
    await assemble([first, second], MESH_MS)
    await first.host.avahi.restart()
    return await join(newcomer, 2, MESH_MS)
  })
  await leaveAll(members)
  return result
}
