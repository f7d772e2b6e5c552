import { setTimeout as delay } from 'node:timers/promises'
import { withLab } from '../../../test/lab/index.js'
import { assembled, attempt, inTurns, MESH_MS, type Plan } from '../attempt.js'
import { type Member, monotonicMs } from '../member.js'
import { join, joinTogether, STAGGER_MS, Venue } from '../venue.js'

const MEMBERS = 3
/** Milliseconds for the others to notice a loss, after which it counts as not noticed. */
const NOTICED_MS = 60_000
/** Milliseconds between the losses of two peers: most are noticed in that time, and some need the whole minute. */
const APART_MS = 500

/** A member is killed; then, in a new mesh, the host of one vanishes. Each peer is on a network of its own. */
export async function losses(plan: Plan): Promise<void> {
  for (let run = 0; run < plan.runs; run++) {
    await withLab(async (lab) => {
      const venues = await Venue.apart(lab, plan.peers, MEMBERS)
      await lossIn(venues, 'killed', plan, async (last) => void (await last.program.kill()))
      await lossIn(venues, 'vanished', plan, (last) => last.host.cut())
    })
  }
}

async function lossIn(
  venues: readonly Venue[],
  metric: string,
  { tell }: Plan,
  lose: (last: Member) => Promise<void>
): Promise<void> {
  const meshes = await assembled(venues, [metric], tell)
  await Promise.all(
    meshes.map(async (venue, i) => {
      await delay(i * APART_MS)
      await attempt(venue, metric, tell, () => noticed(venue.members, lose))
    })
  )
  for (const venue of meshes) await venue.leaveAll()
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
export async function restarts({ peers, ...plan }: Plan): Promise<void> {
  const using = { ...plan, peers: peers.filter(({ daemon }) => daemon) }
  await inTurns(using, ['restart'], MEMBERS, async (venue, tell) => {
    const [first, second, newcomer] = venue.members
    if (first === undefined || second === undefined || newcomer === undefined) throw new RangeError('three members')
    await attempt(venue, 'restart', tell, async () => {
      await joinTogether([first, second], MESH_MS, STAGGER_MS)
      await first.host.avahi.restart()
      return await join(newcomer, 2, MESH_MS)
    })
  })
}
