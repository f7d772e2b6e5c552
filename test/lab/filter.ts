import type { Port } from './wiring.js'

/**
 * Which packets to drop silently on the way between a host and the others. A packet is dropped if all given conditions
 * hold.
 */
export interface Drop {
  /** As seen from the host. Default: both. */
  direction?: 'in' | 'out'
  /** Only packets from or to these ports. Default: those of all hosts. */
  peers?: readonly Port[]
  family?: 'ipv4' | 'ipv6'
  /** Only the packet that opens a TCP connection: established connections are not affected. */
  tcpSyn?: true
  /** Destination ports. */
  tcpPort?: number
  udpPort?: number
  /** Percentage of such packets that are dropped, at random. Default: 100. */
  lossPercent?: number
  /** Any other condition, in the syntax of nft(8). */
  match?: string
}

/**
 * The nft rules that drop such packets of the host with these ports. They apply in the bridges, so that hosts get no
 * error.
 */
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
