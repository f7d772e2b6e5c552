import { networkInterfaces } from 'node:os'
import { addonIfLoaded, type InterfaceAddress } from '../addon.js'

/** What `os.networkInterfaces()` returns. */
type NodeInterfaces = ReturnType<typeof networkInterfaces>

/** Where the numbers begin that are given to interfaces whose index is not known: the kernel's are below (int, and positive). */
const FIRST_OWN_INDEX = 2 ** 31

/** The numbers of such interfaces, by name. Never forgotten, so that an interface that comes back has its own. */
const ownIndexes = new Map<string, number>()

/** Every address of this machine's interfaces, also of those that are down where the addon is there to tell. */
export function listInterfaces(): InterfaceAddress[] {
  return addonIfLoaded()?.interfaces() ?? fromNode(networkInterfaces())
}

/**
 * What Node tells of the interfaces, which is those that are up. Node tells an index only as the scope of a link-local IPv6
 * address: an interface without one gets a number that is its own within this thread, and stays the same when it is removed
 * and made again.
 *
 * @param platform only Linux gives IPv4 addresses labels in place of their interface's name: `eth0:1`
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
      // Null where the mask is none that a subnet can have.
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
 * How an interface is written after the `%` of an address (RFC 4007 §11.2), for Node's calls: Windows takes its index alone,
 * other systems its name.
 */
export function scopeOf(
  { name, index }: Pick<InterfaceAddress, 'name' | 'index'>,
  platform: NodeJS.Platform = process.platform
): string {
  return platform === 'win32' ? String(index) : name
}
