import type { Host } from '../../test/lab/index.js'

/**
 * The packets that are counted: one-shot questions and their answers (RFC 6762 §5.1, §6.7), and packets between
 * daemons.
 */
export const PACKETS = {
  looks: ['questionsOut', 'questionsIn', 'answersOut', 'answersIn'],
  daemons: ['daemonsOut', 'daemonsIn']
} as const

export type PacketKind = (typeof PACKETS)[keyof typeof PACKETS][number]
export type PacketCounts = Record<PacketKind, number>

const PORTS = {
  questions: 'udp dport 5353 udp sport != 5353',
  answers: 'udp sport 5353 udp dport != 5353',
  daemons: 'udp sport 5353 udp dport 5353'
}

/**
 * Begins to count the packets that a host sends and receives on its cable, without its own multicast packets and its
 * loopback interface.
 */
export async function countPackets(host: Host): Promise<void> {
  const rules = Object.entries(PORTS).flatMap(([kind, ports]) => [
    `add rule inet bench out oifname != "lo" ${ports} counter comment "${kind}Out"`,
    `add rule inet bench in fib saddr type != local ${ports} counter comment "${kind}In"`
  ])
  const chains = [
    'add table inet bench',
    'add chain inet bench out { type filter hook output priority 0; }',
    'add chain inet bench in { type filter hook input priority 0; }'
  ]
  await host.exec(['nft', '--file', '-'], { input: `${[...chains, ...rules].join('\n')}\n` })
}

/** The sum of the packets of all hosts since the count began. */
export async function packetCounts(hosts: readonly Host[]): Promise<PacketCounts> {
  const counts: PacketCounts = {
    questionsOut: 0,
    questionsIn: 0,
    answersOut: 0,
    answersIn: 0,
    daemonsOut: 0,
    daemonsIn: 0
  }
  const lists = await Promise.all(hosts.map((host) => host.exec(['nft', 'list', 'table', 'inet', 'bench'])))
  for (const [, packets, kind] of lists.join('\n').matchAll(/counter packets (\d+) .*comment "(\w+)"/g)) {
    counts[kind as PacketKind] += Number(packets)
  }
  return counts
}
