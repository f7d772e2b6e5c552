import type { Port } from './wiring.js'

/** Packets to drop, without a word, on the way between a host and the others. All that is given must be so. */
export interface Drop {
  /** As the host sees it: what comes in, what goes out; default both. */
  direction?: 'in' | 'out'
  /** Only what comes from, or goes to, these ports; default everybody's. */
  peers?: readonly Port[]
  family?: 'ipv4' | 'ipv6'
  /** Only the packet that opens a TCP connection: established ones are left alone. */
  tcpSyn?: true
  /** Destination ports. */
  tcpPort?: number
  udpPort?: number
  /** How many of a hundred such packets are dropped, at random; default all. */
  lossPercent?: number
  /** Any other condition, in the words of nft(8). */
  match?: string
}

/** The nft rules that drop such packets of the host that has these ports. They hang in the bridges: hosts see nothing. */
export function rules(own: readonly Port[], drop: Drop): string[] {
  const directions = drop.direction === undefined ? (['in', 'out'] as const) : [drop.direction]
  return directions.map((direction) => {
    const [from, to] = direction === 'out' ? [own, drop.peers] : [drop.peers, own]
    return [ports('iifname', from), ports('oifname', to), ...conditions(drop), 'drop'].filter(Boolean).join(' ')
  })
}

function ports(what: string, list: readonly Port[] | undefined): string {
  return list === undefined ? '' : `${what} { ${list.map((port) => `"${port.name}"`).join(', ')} }`
}

function conditions(drop: Drop): string[] {
  const found: string[] = []
  if (drop.family !== undefined) {
    found.push(drop.family === 'ipv4' ? 'meta protocol ip' : 'meta protocol ip6')
  }
  if (drop.tcpSyn) {
    found.push('tcp flags & (syn | ack) == syn')
  }
  if (drop.tcpPort !== undefined) {
    found.push(`tcp dport ${drop.tcpPort}`)
  }
  if (drop.udpPort !== undefined) {
    found.push(`udp dport ${drop.udpPort}`)
  }
  if (drop.match !== undefined) {
    found.push(drop.match)
  }
  if (drop.lossPercent !== undefined) {
    found.push(`numgen random mod 100 < ${drop.lossPercent}`)
  }
  return found
}
