import type { Server } from 'node:net'
import { addonIfLoaded } from '../addon.js'
import { trace } from '../trace.js'
import { familyOf, splitScope } from './addresses.js'
import { descriptorOf } from './descriptor.js'

/**
 * Has the kernel drop attempts to connect to a server: with `drop` those from the listed addresses, with `pass` those from all
 * others. Such an attempt costs this process nothing, and the other end repeats it after 1, 3 and 7 seconds (RFC 6298 §5.7 and
 * Linux). To drop those of no address removes the filter. The kernel's list has room for 64 addresses; others are ignored.
 *
 * @returns whether the kernel does that: never on systems other than Linux, without the addon, or without a descriptor (on
 *   runtimes other than Node)
 */
export function filterConnects(server: Server, listed: 'drop' | 'pass', addresses: readonly string[]): boolean {
  const addon = addonIfLoaded()
  const descriptor = descriptorOf(server)
  if (addon === null || descriptor === null) return false
  const bare = addresses.map((address) => splitScope(address).bare)
  // A socket that was reset has no address.
  const errno = addon.filterConnects(
    descriptor,
    listed,
    bare.filter((address) => familyOf(address) !== 0)
  )
  if (errno !== 0) trace('the kernel refused to filter attempts to connect: errno %d', errno)
  return errno === 0
}
