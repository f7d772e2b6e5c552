import type { InterfaceAddress } from '../addon.js'
import { type Interfaces, isLinkLocal, isLoopback, isOnLink } from '../net/addresses.js'
import type { Announcement } from './discovery.js'
import type { LocationPath } from './session.js'

/** Addresses beyond this many are not announced: Avahi takes 32 records in a group by default. */
const MAX_ADDRESSES = 32

/**
 * The addresses to announce under a host name of the service's own, if the daemon is in another network namespace. IPv4 link-local
 * addresses are left out if there are others (RFC 3927 §1.9), IPv6 ones if there are several interfaces, because the daemon would
 * announce them on all. Null if the service listens on loopback, where no other host can reach it.
 *
 * @param entries this machine's interfaces
 */
export function addressesOf(
  { address, interfaceIndex }: Pick<Announcement, 'address' | 'interfaceIndex'>,
  entries: readonly InterfaceAddress[]
): string[] | null {
  const up = entries.filter((entry) => entry.up && !entry.loopback)
  if (address !== null && interfaceIndex !== 0) {
    if (isLoopback(address)) return null
    return up.some((entry) => entry.address === address) ? [address] : []
  }
  const isOnOne = new Set(up.map(({ index }) => index)).size === 1
  const usable = up.map((entry) => entry.address).filter((one) => isOnOne || !isLinkLocal(one))
  const ipv4 = usable.filter((one) => !one.includes(':'))
  const better = ipv4.filter((one) => !one.startsWith('169.254.'))
  const ipv6 = usable.filter((one) => one.includes(':'))
  return [...(better.length > 0 ? better : ipv4), ...ipv6].slice(0, MAX_ADDRESSES)
}

/**
 * Maps the paths of a daemon in another network namespace, whose interface indexes are not valid here, to the interfaces of this one.
 * An address belongs to the interfaces with its subnet; a link-local one to the only interface, or else to none.
 */
export function pathsHere(paths: readonly LocationPath[], interfaces: Interfaces): LocationPath[] {
  const indexes = [...interfaces.byIndex].filter(([, { loopback }]) => !loopback).map(([index]) => index)
  return paths.flatMap((path) => {
    if (isLoopback(path.address) || (isLinkLocal(path.address) && indexes.length !== 1)) return []
    const here = indexes.map((interfaceIndex) => ({ ...path, interfaceIndex }))
    return here.filter((one) => isOnLink(one, interfaces))
  })
}

/** Whether a daemon's host is this machine: one of its addresses, other than loopback and link-local ones, is ours. */
export function isHere(addresses: readonly string[], entries: readonly InterfaceAddress[]): boolean {
  const own = new Set(entries.filter(({ loopback }) => !loopback).map(({ address }) => address))
  const others = addresses.filter((address) => !isLoopback(address))
  return others.length === 0 || others.some((address) => own.has(address))
}
