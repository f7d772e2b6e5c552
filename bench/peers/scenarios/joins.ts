import { quiet } from '../../lib/run.js'
import { attempt, inTurns, MESH_MS, type Plan, QUIET_MS } from '../attempt.js'
import type { Member } from '../member.js'
import { assemble, join, joinTogether, type Venue } from '../venue.js'

/** Milliseconds for the others to notice that a member left, before the next one joins. */
const LEFT_MS = 10_000
/** How many newcomers join each mesh, one after the other: running processes, and processes that start then. */
const NEWCOMERS = 3
const STARTS = 2

/** All members join at once; then the last one leaves, and newcomers join in its place. */
export async function joins(plan: Plan): Promise<void> {
  for (const nodes of plan.sizes) {
    await inTurns(plan, 'together', nodes, async (venue, members) => {
      await quiet(QUIET_MS)
      const head = { peer: venue.peer.id, nodes }
      const together = await attempt({ ...head, metric: 'together' }, members, () => joinTogether(members, MESH_MS))
      plan.tell(together)
      if (together.failed !== undefined && !(await remade(venue, members))) return
      for (let i = 0; i < NEWCOMERS; i++) {
        const newcomer = await venue.start((await leftBy(members)).host)
        await quiet(QUIET_MS)
        plan.tell(await attempt({ ...head, metric: 'join' }, [newcomer], () => join(newcomer, nodes - 1, MESH_MS)))
        members.push(newcomer)
      }
      for (let i = 0; i < STARTS; i++) {
        const { host } = await leftBy(members)
        await quiet(QUIET_MS)
        const newcomer = await venue.start(host, { joinAtOnce: true })
        plan.tell(
          await attempt({ ...head, metric: 'start' }, [newcomer], async () => {
            const { began = Number.NaN } = await newcomer.event('ready', 'it does not start', MESH_MS, 0)
            return (await newcomer.connectedTo(nodes - 1, MESH_MS, 0)) - began
          })
        )
        members.push(newcomer)
      }
    })
  }
}

/** Makes a mesh in place of an incomplete one, with members that join one after the other. */
async function remade(venue: Venue, members: Member[]): Promise<boolean> {
  await Promise.all(members.splice(0).map((member) => member.leave()))
  members.push(...(await venue.startAll()))
  return await assemble(members, MESH_MS).then(
    () => true,
    () => false
  )
}

/** The last member, after it has left and the others have noticed, or had time to. */
async function leftBy(members: Member[]): Promise<Member> {
  const last = members.pop()
  if (last === undefined) throw new RangeError('there is no member that could leave')
  await last.leave()
  await Promise.all(members.map((member) => member.settled(members.length - 1, LEFT_MS))).catch(() => {})
  return last
}
