import type { InterfaceAddress } from '../addon.js'
import { type Interfaces, isLinkLocal, isLoopback, isOnLink } from '../net/addresses.js'
import type { Announcement } from './discovery.js'
import type { LocationPath } from './session.js'

/** Addresses beyond this many are not announced: Avahi takes 32 records in a group by default. */
const MAX_ADDRESSES = 32

/**
 * The addresses to announce under a host name of the service's own, beside a daemon in another network namespace: without IPv4
 * link-local ones where there are better (RFC 3927 §1.9). IPv6 link-local ones are told on every interface of the daemon, so they are
 * left out where there are several interfaces. Null where the service listens on loopback alone: no other host can reach it.
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
 * Paths that a daemon in another network namespace tells, over the interfaces of this one: its indexes mean nothing here. An
 * address belongs to the interfaces that have its subnet; a link-local one to the only interface, where there is but one.
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
  const telling = addresses.filter((address) => !isLoopback(address))
  return telling.length === 0 || telling.some((address) => own.has(address))
}
