import { uuidConflict } from '../../errors.js'
import type { Announcement, Discovery, Instance, Listener } from '../discovery.js'
import { formatTxt, parseTxt } from '../txt.js'

/** A discovery in this process, and its announcement. */
interface Member {
  readonly name: string
  readonly instance: Instance
  readonly listener: Listener
}

const members = new Set<Member>()
/** Members that have left, and whose `gone` was not reported yet. */
const leaving: Member[] = []

/**
 * The driver for tests: a registry inside the process. It finds only services of this process, which have real sockets on
 * loopback; there is no daemon and no network. A uuid that is in use fails, as with a daemon that probes.
 */
export function memory(announcement: Announcement, listener: Listener): Discovery {
  const member: Member = { name: announcement.name, instance: announcedInstance(announcement), listener }
  let open = true

  setImmediate(() => {
    if (open) join(member)
  })
  return {
    locate: async (uuid, signal) => {
      if (!open || signal.aborted) return null
      return othersOf(member).find((other) => other.instance.uuid === uuid)?.instance ?? null
    },
    close: async () => {
      if (!open) return
      open = false
      leave(member)
    }
  }
}

function announcedInstance({ uuid, port, txt, address }: Announcement): Instance {
  const bound = address ?? '127.0.0.1'
  const family = bound.includes(':') ? 6 : 4
  return {
    uuid,
    host: 'localhost',
    port,
    txt: parseTxt(formatTxt(txt)),
    paths: [{ interfaceIndex: 0, family, address: bound }]
  }
}

function join(member: Member): void {
  // A member with the same uuid may have left after this one was opened: its `gone` is reported first.
  reportLeaving()
  const others = othersOf(member)
  if (others.some((other) => other.instance.uuid === member.instance.uuid)) {
    return member.listener.failed(uuidConflict(member.instance.uuid))
  }
  members.add(member)
  member.listener.announced()
  for (const other of others) {
    // Each listener may close any discovery.
    report(member, other)
    report(other, member)
  }
}

function report(member: Member, other: Member): void {
  if (members.has(member) && members.has(other)) member.listener.hint(other.instance, false)
  if (members.has(member) && members.has(other)) member.listener.seen(other.instance.uuid)
}

function leave(member: Member): void {
  if (!members.delete(member)) return
  leaving.push(member)
  setImmediate(reportLeaving)
}

function reportLeaving(): void {
  for (const gone of leaving.splice(0)) {
    for (const other of othersOf(gone)) if (members.has(other)) other.listener.gone(gone.instance.uuid)
  }
}

function othersOf(member: Member): Member[] {
  return [...members].filter((other) => other !== member && other.name === member.name)
}
