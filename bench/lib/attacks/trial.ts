import { setTimeout as delay } from 'node:timers/promises'
import { type Host, type Lab, withLab } from '../../../test/lab/index.js'
import { type Attack, addAddresses, type Scene, THIRD_ADDRESSES } from './attacks.js'
import type { Figures, MemberSettings } from './member-protocol.js'
import { HonestMember } from './victim.js'

/** Debian's settings that differ from the defaults of avahi-daemon. The lab's own settings have higher limits. */
const DEBIAN = { server: { 'objects-per-client-max': 1024 } }
/** Milliseconds for a reconnection or a newcomer, at most. */
export const WITHIN_MS = 12_000
/** Milliseconds for which an attack runs before honest members are measured. */
const DEVELOPS_MS = 3000
/** Milliseconds between one reconnection, or newcomer, and the next. */
const PAUSE_MS = 300
/** The number of peers. Each is lost once, because a connection that is lost soon makes the next dial wait longer. */
const PEERS = 3
const NEWCOMERS = 3

export interface Result {
  readonly figures: Figures
  /** Milliseconds; null if it took longer than {@link WITHIN_MS}. */
  readonly reconnections: readonly (number | null)[]
  readonly newcomers: readonly (number | null)[]
}

/** Runs an attack against two members of the package that is built in a folder, in a laboratory of its own. */
export async function trial(attack: Attack, folder: string, seconds: number): Promise<Result> {
  return await withLab(async (lab) => {
    const { scene, newcomer } = await setUp(lab, attack, folder)
    const { victim, peers, listening, stranger, third } = scene
    await victim.do({ do: 'mark' })
    const end = performance.now() + Math.max(seconds, attack.leastSeconds ?? 0) * 1000
    await attack.begin(scene)
    await delay(DEVELOPS_MS)
    const unlessFrom = attack.inProcess === true ? [] : [...stranger.addresses, ...third.addresses]
    const reconnections = await each(peers, (peer) => {
      return victim.wait({ do: 'reconnect', peer, unlessFrom, withinMs: WITHIN_MS })
    })
    const newcomers = await each(peers.slice(0, NEWCOMERS), async (peer) => {
      const ownLook = attack.looks === true ? victim.wait({ do: 'join', peer, withinMs: WITHIN_MS }) : null
      const ms = await newcomer.wait({ do: 'join', peer: listening.uuid, withinMs: WITHIN_MS })
      await ownLook
      return ms
    })
    await delay(Math.max(end - performance.now(), 0))
    return { figures: await victim.figures(), reconnections, newcomers }
  })
}

async function setUp(lab: Lab, attack: Attack, folder: string): Promise<{ scene: Scene; newcomer: HonestMember }> {
  const given = attack.settings?.() ?? { driver: 'avahi' }
  const settings: MemberSettings = { package: folder, name: 'attacked', ...given }
  const hosts = await hostsOf(lab, attack.inProcess !== true)
  await addAddresses(hosts.third, THIRD_ADDRESSES)
  const victim = await HonestMember.start(hosts.victim, settings)
  const peerMember = attack.inProcess === true ? victim : await HonestMember.start(hosts.peer, settings)
  const newcomer = attack.inProcess === true ? victim : await HonestMember.start(hosts.newcomer, settings)
  const listening = await victim.listen()
  const peers: string[] = []
  while (peers.length < PEERS) peers.push((await peerMember.listen()).uuid)
  for (const peer of peers) await victim.do({ do: 'meet', peer })
  const others = [hosts.peer, hosts.newcomer]
  if (attack.isDialedOnly === true) await hosts.victim.drop({ direction: 'out', tcpSyn: true, peers: others })
  const { stranger, third } = hosts
  return { scene: { lab, name: settings.name, victim, listening, peers, stranger, third, settings: given }, newcomer }
}

async function hostsOf(
  lab: Lab,
  daemons: boolean
): Promise<Record<'victim' | 'peer' | 'newcomer' | 'stranger' | 'third', Host>> {
  const [victim, peer, newcomer] = await lab.hosts(['alpha', 'beta', 'gamma'], { avahi: daemons ? DEBIAN : false })
  const [stranger, third] = await lab.hosts(['mallory', 'third'], { avahi: false })
  return { victim, peer, newcomer, stranger, third }
}

/** Measures one after the other, and stops after one that took too long. */
async function each<T>(all: readonly T[], measure: (one: T) => Promise<number | null>): Promise<(number | null)[]> {
  const results: (number | null)[] = []
  for (const one of all) {
    if (results.includes(null)) break
    results.push(await measure(one))
    await delay(PAUSE_MS)
  }
  return results
}
