import { networkInterfaces } from 'node:os'
import { addonIfLoaded, type InterfaceAddress } from '../addon.js'

/** What `os.networkInterfaces()` returns. */
type NodeInterfaces = ReturnType<typeof networkInterfaces>

/** The first number for interfaces whose index is not known: above the kernel's indexes, which are positive ints. */
const FIRST_OWN_INDEX = 2 ** 31

/** The numbers of such interfaces, by name. Never removed, so that an interface that comes back has the same number. */
const ownIndexes = new Map<string, number>()

/** The last list, and the number of changes before it. */
let last: { readonly changes: number; readonly list: readonly InterfaceAddress[] } | undefined

/**
 * Every address of this machine's interfaces; with the addon, also those of interfaces that are down. If the system reports that
 * nothing has changed (Linux, with the addon), the same array as the last time.
 */
export function listInterfaces(): readonly InterfaceAddress[] {
  const addon = addonIfLoaded()
  if (addon === null) return fromNode(networkInterfaces())
  const changes = addon.interfaceChanges()
  if (last?.changes === changes) return last.list
  const list = addon.interfaces()
  // Without file descriptors, for example, the system lists nothing, or does not find the indexes.
  const isComplete = list.length > 0 && list.every(({ index }) => index > 0)
  last = isComplete ? { changes, list } : undefined
  return list
}

let unknownChanges = 0

/** A number that differs from the last one if the interfaces may have changed. Without the addon it always differs. */
export function interfaceChanges(): number {
  return addonIfLoaded()?.interfaceChanges() ?? ++unknownChanges
}

/**
 * The interfaces according to Node, which lists only those that are up. Node gives an index only as the scope of a link-local
 * IPv6 address: an interface without such an address gets a number that is unique within this thread, and that stays the same
 * when the interface is removed and made again.
 *
 * @param platform only Linux gives IPv4 addresses labels instead of their interface's name: `eth0:1`
 */
export function fromNode(interfaces: NodeInterfaces, platform: NodeJS.Platform = process.platform): InterfaceAddress[] {
  const entries = Object.entries(interfaces).flatMap(([label, addresses = []]) => {
    const name = platform === 'linux' ? label.replace(/:.*$/s, '') : label
    return addresses.map((address) => ({ name, address }))
  })
  const indexes = new Map<string, number>()
  for (const { name, address } of entries) {
    if (address.family === 'IPv6' && address.scopeid !== 0) indexes.set(name, address.scopeid)
  }
  return entries.map(({ name, address: { address, family, cidr, internal } }) => {
    const bits = family === 'IPv4' ? 32 : 128
    return {
      index: indexes.get(name) ?? ownIndex(name),
      name,
      family: family === 'IPv4' ? 4 : 6,
      address: address.replace(/%.*$/s, ''),
      // Null if the netmask is not contiguous.
      prefixLength: cidr === null ? bits : Number(cidr.slice(cidr.indexOf('/') + 1)),
      loopback: internal,
      up: true
    }
  })
}

function ownIndex(name: string): number {
  const index = ownIndexes.get(name) ?? FIRST_OWN_INDEX + ownIndexes.size
  ownIndexes.set(name, index)
  return index
}

/**
 * The text for an interface after the `%` of an address (RFC 4007 §11.2), for Node's calls: Windows takes only the index, other
 * systems take the name.
 */
export function scopeOf(
  { name, index }: Pick<InterfaceAddress, 'name' | 'index'>,
  platform: NodeJS.Platform = process.platform
): string {
  return platform === 'win32' ? String(index) : name
}
