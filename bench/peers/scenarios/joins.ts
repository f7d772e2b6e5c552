import { quiet } from '../../lib/run.js'
import { attempt, inTurns, MESH_MS, type Plan, QUIET_MS } from '../attempt.js'
import type { Member } from '../member.js'
import { join, joinTogether, type Venue } from '../venue.js'

/** Milliseconds for the others to notice that a member left, before the next one joins. */
const LEFT_MS = 10_000
/** How many newcomers join each mesh, one after the other: running processes, and processes that start then. */
const NEWCOMERS = 3
const STARTS = 2

/** All members join at once; then the last one leaves, and newcomers join in its place. */
export async function joins(plan: Plan): Promise<void> {
  for (const nodes of plan.sizes) {
    const sized: Plan = { ...plan, tell: (result) => plan.tell({ ...result, nodes }) }
    await inTurns(sized, ['together', 'join', 'start'], nodes, async (venue, tell) => {
      await quiet(QUIET_MS)
      await attempt(venue, 'together', tell, () => joinTogether(venue.members, MESH_MS))
      if (!isMesh(venue)) await remake(venue)
      for (let i = 0; i < NEWCOMERS; i++) {
        const newcomer = await venue.start((await leftBy(venue)).host)
        await quiet(QUIET_MS)
        await attempt(venue, 'join', tell, () => join(newcomer, nodes - 1, MESH_MS))
      }
      for (let i = 0; i < STARTS; i++) {
        const { host } = await leftBy(venue)
        await quiet(QUIET_MS)
        const newcomer = await venue.start(host, { joinAtOnce: true })
        await attempt(venue, 'start', tell, async () => {
          const { began = Number.NaN } = await newcomer.event('ready', 'it does not start', MESH_MS, 0)
          return (await newcomer.connectedTo(nodes - 1, MESH_MS, 0)) - began
        })
      }
    })
  }
}

function isMesh({ members }: Venue): boolean {
  return members.every(({ count }) => count === members.length - 1)
}

/** Makes a mesh in place of an incomplete one, with members that join one after the other. */
async function remake(venue: Venue): Promise<void> {
  await venue.leaveAll()
  await venue.startAll()
  await venue.assemble(MESH_MS)
}

/** The last member, after it has left and the others have noticed, or had time to. */
async function leftBy({ members }: Venue): Promise<Member> {
  const last = members.pop()
  if (last === undefined) throw new RangeError('there is no member that could leave')
  await last.leave()
  await Promise.all(members.map((member) => member.settled(members.length - 1, LEFT_MS))).catch(() => {})
  return last
}
