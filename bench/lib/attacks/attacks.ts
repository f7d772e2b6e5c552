import { fileURLToPath } from 'node:url'
import type { Host, Lab, Program } from '../../../test/lab/index.js'
import { certificate } from '../certificate.js'
import type { Listening, MemberSettings } from './member-protocol.js'
import type { AnnouncerPlan, KnockerPlan } from './plans.js'
import type { HonestMember } from './victim.js'

/** The hosts and members that an attack uses. */
export interface Scene {
  readonly lab: Lab
  readonly name: string
  readonly victim: HonestMember
  readonly listening: Listening
  /** The uuids of the peers that the victim is connected to. */
  readonly peers: readonly string[]
  /** A host without members and without a daemon. */
  readonly stranger: Host
  /** Another such host, with many addresses. */
  readonly third: Host
  readonly settings: Omit<MemberSettings, 'package' | 'name'>
}

export interface Attack {
  readonly title: string
  readonly settings?: () => Scene['settings']
  /** Whether the peers are services in the process of the victim, on one host without a daemon. */
  readonly inProcess?: true
  /** Whether the victim can be dialed, but cannot dial. */
  readonly isDialedOnly?: true
  /** Whether the victim starts services during the attack, whose first looks are answered. */
  readonly looks?: true
  /** The least time of measurement, after which the bursts are used up. */
  readonly leastSeconds?: number
  /** Resolves when the attack has begun. */
  readonly begin: (scene: Scene) => Promise<unknown>
}

const CLOSED_PORT = 9
const SILENT_PORT = 9009
const CHAIN_PORT = 9010
/** Milliseconds for a flood of announcements to be sent once. */
const FLOOD_MS = 60_000
/** Additional addresses of the third host, and addresses that no host has. */
export const THIRD_ADDRESSES = Array.from({ length: 64 }, (_, n) => `10.77.1.${100 + n}`)
const DEAD_ADDRESSES = Array.from({ length: 50 }, (_, n) => `10.77.1.${170 + n}`)
const STRANGER_ADDRESSES = Array.from({ length: 8 }, (_, n) => `10.77.1.${230 + n}`)
/** Addresses for attacks within a process: some accept and stay silent, and packets to others are dropped. */
const LOOPBACK = Array.from({ length: 4096 }, (_, n) => `127.${1 + (n % 2)}.${n >> 8}.${n & 255}`)
const NONE = ['none']
/** The names of the setting `secret`: earlier versions have another. */
const SECRETS = ['secret', 'psk']

const secret = () => ({ driver: 'avahi', secret: 'correct horse battery staple' })
const tls = () => ({ driver: 'avahi', tls: certificate() })

async function run(host: Host, program: string, args: readonly string[], match: RegExp): Promise<Program> {
  const path = fileURLToPath(new URL(`${program}.js`, import.meta.url))
  const started = await host.run([process.execPath, path, ...args])
  await started.line(match, `${host.name}: ${program} does not begin`, FLOOD_MS)
  return started
}

type Lies = Omit<AnnouncerPlan, 'name' | 'from'>

function announce({ stranger, name }: Scene, lies: Lies): Promise<Program> {
  const plan: AnnouncerPlan = { name, from: stranger.ipv4, ...lies }
  return run(stranger, 'announcer', [JSON.stringify(plan)], /announced/)
}

async function knock(scene: Scene, kind: KnockerPlan['kind'], addresses: readonly string[] = []): Promise<Program> {
  const { stranger, victim, listening, name, peers, settings } = scene
  await addAddresses(stranger, addresses)
  const target = { host: victim.host.ipv4, port: listening.port, from: [stranger.ipv4, ...addresses] }
  const plan = {
    kind,
    ...target,
    name,
    uuid: listening.uuid,
    peers,
    ...(settings.tls === undefined ? {} : { tls: settings.tls })
  }
  return run(stranger, 'knocker', [JSON.stringify(plan)], /ready/)
}

export async function addAddresses(host: Host, addresses: readonly string[]): Promise<void> {
  for (const address of addresses) await host.exec(['ip', 'address', 'add', `${address}/24`, 'dev', 'eth0'])
}

function accept(host: Host, kind: string, port: number): Promise<Program> {
  return run(host, 'acceptor', [kind, String(port)], /listening/)
}

/** Packets to every second false address are dropped, as if there were no host. */
async function lieInProcess({ victim }: Scene): Promise<void> {
  const rules =
    'add table ip dead; add chain ip dead out { type filter hook output priority 0; }; add rule ip dead out ip daddr 127.2.0.0/16 drop'
  await victim.host.exec(['nft', rules])
  await accept(victim.host, 'silent', SILENT_PORT)
  await victim.do({ do: 'lie', count: LOOPBACK.length, addresses: LOOPBACK, port: SILENT_PORT })
}

export const ATTACKS: Record<string, Attack> = {
  none: { title: 'no attack', begin: async () => {} },
  'none-tls': { title: 'no attack, `tls`', settings: tls, begin: async () => {} },
  'none-secret': { title: 'no attack, `secret`', settings: secret, begin: async () => {} },
  storm: {
    title: '700 false instances at 64 addresses of a third host',
    leastSeconds: 20,
    begin: (scene) => announce(scene, { count: 700, hosts: [THIRD_ADDRESSES], port: CLOSED_PORT, sec: NONE, paceMs: 5 })
  },
  flapping: {
    title: '300 of them that change their TXT records all the time',
    leastSeconds: 20,
    begin: (scene) =>
      announce(scene, { count: 300, hosts: [THIRD_ADDRESSES], port: CLOSED_PORT, sec: NONE, flapping: true, paceMs: 5 })
  },
  own: {
    title: "300 of them at the member's own address and port",
    begin: (scene) => {
      const at = { hosts: [[scene.victim.host.ipv4]], port: scene.listening.port }
      return announce(scene, { count: 300, ...at, sec: NONE, flapping: true, paceMs: 5 })
    }
  },
  dead: {
    title: '700 false instances at addresses that nobody has',
    begin: (scene) =>
      announce(scene, {
        count: 700,
        hosts: DEAD_ADDRESSES.map((one) => [one]),
        port: CLOSED_PORT,
        sec: NONE,
        paceMs: 5
      })
  },
  silent: {
    title: '300 that accept and stay silent',
    begin: async (scene) => {
      await accept(scene.third, 'silent', SILENT_PORT)
      const hosts = THIRD_ADDRESSES.map((one) => [one])
      await announce(scene, { count: 300, hosts, port: SILENT_PORT, sec: NONE, paceMs: 5 })
    }
  },
  lies: {
    title: '4,096 of both kinds, in one process',
    inProcess: true,
    settings: () => ({ driver: 'memory' }),
    begin: lieInProcess
  },
  'chains-in': {
    title: '16 giant certificate chains at once, inbound, `tls`',
    settings: tls,
    begin: (scene) => knock(scene, 'chains')
  },
  ffdhe: {
    title: '16 ClientHellos with ffdhe8192 at once, `tls`',
    settings: tls,
    begin: (scene) => knock(scene, 'ffdhe')
  },
  'chains-out': {
    title: '32 false instances that show giant chains, `secret`',
    settings: secret,
    begin: async (scene) => {
      await accept(scene.third, 'chain', CHAIN_PORT)
      const hosts = THIRD_ADDRESSES.slice(0, 32).map((one) => [one])
      await announce(scene, { count: 32, hosts, port: CHAIN_PORT, sec: SECRETS, paceMs: 5 })
    }
  },
  'chains-out-tls': {
    title: '32 false instances that show giant chains, `tls`',
    settings: tls,
    begin: async (scene) => {
      await accept(scene.third, 'chain', CHAIN_PORT)
      const hosts = THIRD_ADDRESSES.slice(0, 32).map((one) => [one])
      await announce(scene, { count: 32, hosts, port: CHAIN_PORT, sec: ['tls'], paceMs: 5 })
    }
  },
  txt: {
    title: '1,300 instances with 2,600 TXT strings each',
    begin: (scene) =>
      announce(scene, {
        count: 1300,
        hosts: [[scene.third.ipv4]],
        port: CLOSED_PORT,
        sec: NONE,
        strings: 2600,
        paceMs: 4
      })
  },
  look: {
    title: 'first looks answered with 20 messages of 8,960 bytes each',
    looks: true,
    begin: (scene) => announce(scene, { count: 0, hosts: [], port: 1, sec: NONE, paceMs: 0, largeAnswers: 20 })
  },
  fresh: {
    title: '288 connections that are always new, from nine addresses; the member is dialed only',
    isDialedOnly: true,
    begin: (scene) => knock(scene, 'fresh', STRANGER_ADDRESSES)
  },
  claims: {
    title: "claims of a peer's uuid without `secret` and `tls`",
    begin: (scene) => knock(scene, 'claims')
  },
  'key-updates': {
    title: "a member's flood of TLS key updates, `tls`",
    settings: tls,
    begin: (scene) => knock(scene, 'key-updates')
  }
}
