import type { Host, Lab } from '../../test/lab/index.js'
import { startAll } from '../lib/member.js'
import { hostNames } from '../lib/run.js'
import type { Peer } from './catalogue.js'
import { FOLDER, Member, monotonicMs } from './member.js'

/** Milliseconds before the instant at which all members join, in which the command reaches them. */
const AHEAD_MS = 250
/** Milliseconds between members that join one after the other. */
export const STAGGER_MS = 200

/** The hosts on which a peer is measured, and its members that run there. */
export class Venue {
  readonly peer: Peer
  readonly hosts: readonly Host[]
  readonly members: Member[] = []
  readonly #help: () => Promise<Record<string, unknown>>
  /** What the peer's helper program told: options for its members. */
  #options: Promise<Record<string, unknown>> | undefined

  private constructor(peer: Peer, hosts: readonly Host[], help: () => Promise<Record<string, unknown>>) {
    this.peer = peer
    this.hosts = hosts
    this.#help = help
  }

  /** Venues for peers that are measured one after the other: they share hosts, those with a daemon and those without. */
  static async shared(lab: Lab, peers: readonly Peer[], size: number): Promise<Venue[]> {
    const make = async (daemon: boolean) =>
      peers.some((peer) => peer.daemon === daemon) ? await hostsOn(lab, daemon ? 'lan' : 'bare', size, daemon) : []
    const [withDaemon, bare] = [await make(true), await make(false)]
    return peers.map((peer) => new Venue(peer, peer.daemon ? withDaemon : bare, () => help(lab, peer, 'bare')))
  }

  /** Venues for peers that are measured at the same time: each has a network of its own. */
  static async apart(lab: Lab, peers: readonly Peer[], size: number): Promise<Venue[]> {
    const venues: Venue[] = []
    for (const peer of peers) {
      const hosts = await hostsOn(lab, peer.id, size, peer.daemon)
      venues.push(new Venue(peer, hosts, () => help(lab, peer, peer.id)))
    }
    return venues
  }

  async start(host: Host, options: Record<string, unknown> = {}): Promise<Member> {
    this.#options ??= this.#help()
    const member = await Member.start(host, this.peer, { ...(await this.#options), ...options })
    this.members.push(member)
    return member
  }

  /** Starts a member on each host; resolves with `members`, in the order of the hosts. */
  async startAll(): Promise<readonly Member[]> {
    const failures: unknown[] = []
    await startAll(this.hosts, (host) => this.start(host).catch((error: unknown) => failures.push(error)))
    if (failures.length > 0) throw failures[0]
    return this.members.sort((a, b) => this.hosts.indexOf(a.host) - this.hosts.indexOf(b.host))
  }

  /** They join one after the other, for scenarios that begin with a full mesh. */
  async assemble(timeoutMs: number): Promise<void> {
    await joinTogether(this.members, timeoutMs, STAGGER_MS)
  }

  async leaveAll(): Promise<void> {
    await Promise.all(this.members.splice(0).map((member) => member.leave()))
  }
}

async function hostsOn(lab: Lab, lan: string, size: number, daemon: boolean): Promise<readonly Host[]> {
  return await lab.hosts(
    hostNames(size).map((name) => `${lan}-${name}`),
    { avahi: daemon, lans: [lan] }
  )
}

/** Starts the helper program of a peer, if it has one, on a host of its own; resolves with what it tells. */
async function help(lab: Lab, { id, adapter }: Peer, lan: string): Promise<Record<string, unknown>> {
  const { helper } = (await import(`${FOLDER}adapters/${adapter}.js`)) as { helper?: string }
  if (helper === undefined) return {}
  const host = await lab.host(`help-${id}`, { avahi: false, lans: [lan] })
  const program = await host.run([process.execPath, `${FOLDER}${helper}`, host.ipv4], { cwd: FOLDER })
  return JSON.parse(await program.line(/^\{/, `${helper} does not start`)) as Record<string, unknown>
}

/** All join at the same instant; resolves with the milliseconds from the first `joining` to the last connection. */
export async function joinTogether(members: readonly Member[], timeoutMs: number, staggerMs = 0): Promise<number> {
  const at = monotonicMs() + AHEAD_MS
  const marks = members.map((member) => member.mark)
  for (const [i, member] of members.entries()) member.do('join', { at: at + i * staggerMs })
  const times = await Promise.all(
    members.map(async (member, i) => {
      const from = marks[i] ?? 0
      const joining = await member.event('joining', 'it does not join', timeoutMs, from)
      return [joining.at, await member.connectedTo(members.length - 1, timeoutMs, from)] as const
    })
  )
  return Math.max(...times.map(([, end]) => end)) - Math.min(...times.map(([start]) => start))
}

/** One joins a mesh; resolves with the milliseconds until it has a connection to each of so many peers. */
export async function join(member: Member, peers: number, timeoutMs: number): Promise<number> {
  const from = member.mark
  const joining = await member.ask('join', 'joining')
  return (await member.connectedTo(peers, timeoutMs, from)) - joining.at
}
