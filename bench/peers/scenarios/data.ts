import { withLab } from '../../../test/lab/index.js'
import { privateBytes } from '../../lib/processes.js'
import { quiet } from '../../lib/run.js'
import { assembled, attempt, inTurns, MESH_MS, type Plan, QUIET_MS, succeeds } from '../attempt.js'
import { type Member, monotonicMs } from '../member.js'
import { joinTogether, STAGGER_MS, Venue } from '../venue.js'

const MIB = 2 ** 20
const KIB = 1024
/** Bytes of a transfer, and of the first one, which does not count. */
const TRANSFER_BYTES = 1024 * MIB
const PROBE_BYTES = 16 * MIB
const CHUNK_BYTES = 64 * KIB
/** A peer for which a gibibyte would take longer transfers less. */
const TRANSFER_MS = 8000
/** Milliseconds for one transfer, after which it counts as failed. */
const SEND_MS = 20_000
/** Transfers of each pair in an invocation, for one of its runs. */
const TRANSFERS = 2

/** One member writes a gibibyte to another: mebibytes a second. The pairs of all peers exist at the same time. */
export async function transfers({ peers, runs, tell }: Plan): Promise<void> {
  await withLab(async (lab) => {
    const pairs = new Map<Venue, number>()
    for (const venue of await assembled(await Venue.apart(lab, peers, 2), ['transfer'], tell)) {
      await succeeds(venue, ['transfer'], tell, async () => {
        const affordable = Math.floor(((await rate(venue.members, PROBE_BYTES)) * TRANSFER_MS) / 1000) * MIB
        pairs.set(venue, Math.min(TRANSFER_BYTES, Math.max(affordable, PROBE_BYTES)))
      })
    }
    for (let run = 0; run < runs * TRANSFERS; run++) {
      for (const [venue, bytes] of pairs) {
        await quiet(QUIET_MS)
        await attempt(venue, 'transfer', tell, () => rate(venue.members, bytes))
      }
    }
    for (const venue of pairs.keys()) await venue.leaveAll()
  })
}

/** Mebibytes a second from the first member to the second. */
async function rate(members: readonly Member[], bytes: number): Promise<number> {
  return bytes / MIB / ((await deliver(members, bytes, CHUNK_BYTES)) / 1000)
}

/** The first member writes so many bytes to each other one; resolves with the milliseconds until the last has them. */
async function deliver([from, ...to]: readonly Member[], bytes: number, chunk: number): Promise<number> {
  if (from === undefined) throw new RangeError('there is no member that could send')
  const marks = to.map((member) => member.mark)
  await Promise.all(to.map((member) => member.ask('expect', 'expecting', { bytes })))
  const started = await from.ask('send', 'sending', { bytes, chunk })
  const ends = await Promise.all(
    to.map((member, i) => member.event('received', 'the bytes do not arrive', SEND_MS, marks[i] ?? 0))
  )
  return Math.max(...ends.map(({ at }) => at)) - started.at
}

/** The receivers of messages, and how many messages each gets. */
const RECEIVERS = 10
const MESSAGES = 3000
const ROUNDS = 3
/** How many members there are when the memory of one is first measured. */
const FEW = 3

/** One member writes messages of 1 KiB to ten others: messages a second. Before that, the memory of a member. */
export async function messages(plan: Plan): Promise<void> {
  await inTurns(plan, ['connection', 'memory', 'messages'], RECEIVERS + 1, async (venue, tell) => {
    const { members } = venue
    const [measured] = members
    if (measured === undefined) throw new RangeError('there are members')
    await joinTogether(members.slice(0, FEW), MESH_MS, STAGGER_MS)
    const few = await heapOf(measured)
    await assembleRest(members)
    const growth = (await heapOf(measured)) - few
    tell({ metric: 'connection', peer: venue.peer.id, value: growth / (RECEIVERS + 1 - FEW) / KIB })
    await attempt(venue, 'memory', tell, async () => (await privateBytes(measured.pid)) / MIB)
    await deliverMessages(members)
    for (let round = 0; round < ROUNDS; round++) {
      await quiet(QUIET_MS)
      await attempt(venue, 'messages', tell, () => deliverMessages(members))
    }
  })
}

/** The members that are not there yet join one after the other, and all are connected. */
async function assembleRest(members: readonly Member[]): Promise<void> {
  const at = monotonicMs()
  for (const [i, member] of members.slice(FEW).entries()) member.do('join', { at: at + i * STAGGER_MS })
  await Promise.all(members.map((member) => member.settled(members.length - 1, MESH_MS)))
}

async function heapOf(member: Member): Promise<number> {
  return (await member.ask('usage', 'usage')).heapBytes ?? Number.NaN
}

/** Messages a second. */
async function deliverMessages(members: readonly Member[]): Promise<number> {
  return (MESSAGES * RECEIVERS) / ((await deliver(members, MESSAGES * KIB, KIB)) / 1000)
}
