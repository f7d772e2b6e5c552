import type { InterfaceAddress } from '../../../addon.js'
import { listInterfaces } from '../../../net/interfaces.js'
import type { NetworkInterface } from '../machine.js'
import { outputOf } from './command.js'

/** An interface in the output of `ip -json address`, as far as it is used. */
interface IpLink {
  readonly ifindex: number
  readonly ifname: string
  readonly flags: readonly string[]
  readonly mtu: number
}

/** The interfaces of this machine, including those that are down; without iproute2 only those with addresses. */
export async function readInterfaces(): Promise<NetworkInterface[]> {
  const addresses = listInterfaces()
  const printed = process.platform === 'linux' ? await outputOf('ip', ['-json', 'address']) : null
  const links = printed === null ? null : parse(printed)
  if (links === null) return [...new Set(addresses.map(({ index }) => index))].map((index) => guessed(index, addresses))
  return links.map(({ ifindex, ifname, flags, mtu }) => ({
    name: ifname,
    index: ifindex,
    up: flags.includes('UP'),
    running: flags.includes('LOWER_UP'),
    loopback: flags.includes('LOOPBACK'),
    multicast: flags.includes('MULTICAST'),
    pointToPoint: flags.includes('POINTOPOINT'),
    mtu,
    addresses: addresses.filter(({ name }) => name === ifname)
  }))
}

function parse(printed: string): IpLink[] | null {
  try {
    return (JSON.parse(printed) as Partial<IpLink>[]).filter((link): link is IpLink => Array.isArray(link.flags))
  } catch {
    return null
  }
}

function guessed(index: number, all: readonly InterfaceAddress[]): NetworkInterface {
  const addresses = all.filter((entry) => entry.index === index)
  const [first] = addresses
  const up = addresses.some((entry) => entry.up)
  return {
    name: first?.name ?? String(index),
    index,
    up,
    running: up,
    loopback: first?.loopback === true,
    multicast: true,
    pointToPoint: false,
    mtu: null,
    addresses
  }
}
