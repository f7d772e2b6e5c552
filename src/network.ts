import { BlockList, isIP } from 'node:net'
import { addon, type InterfaceAddress } from './addon.js'
import type { Path } from './discovery/discovery.js'

// Node 20 and 22 tell addresses apart with regular expressions, which take V8 some milliseconds when they are first used:
// when this module is loaded, and not while peers wait for the first dial.
for (const address of ['::1', '::1%lo']) isIP(address)

/** The bare address and the scope of `fe80::1%eth0` (RFC 4007 §11). */
export function splitScope(address: string): { bare: string; scope: string | null } {
  const at = address.indexOf('%')
  return at < 0 ? { bare: address, scope: null } : { bare: address.slice(0, at), scope: address.slice(at + 1) }
}

/**
 * An address in the one form in which systems write it (RFC 5952 §4), an IPv4 one without the clothes of IPv6 (RFC 4291
 * §2.5.5.2). Its scope stays; what is no address stays as it is.
 */
export function canonical(address: string): string {
  const { bare, scope } = splitScope(address)
  if (isIP(bare) !== 6) return address
  const short = new URL(`http://[${bare}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(short)
  if (mapped === null) return scope === null ? short : `${short}%${scope}`
  const bits = mapped.slice(1).map((group) => Number.parseInt(group, 16))
  return bits.flatMap((group) => [group >> 8, group & 255]).join('.')
}

/** Whether an address means all addresses of the machine. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** Whether an address is that of a group (RFC 5771, RFC 4291 §2.7). */
export function isMulticast(address: string): boolean {
  return (isIP(address) === 4 && /^2(2[4-9]|3[0-9])\./.test(address)) || (isIP(address) === 6 && /^ff/i.test(address))
}

/** Whether an address is of the loopback network: 127.0.0.0/8 (RFC 1122 §3.2.1.3) or ::1 (RFC 4291 §2.5.3). */
export function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}

/** Whether an IPv6 address is meaningless without its interface (fe80::/10, RFC 4291 §2.5.6). */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address)
}

/** Addresses that are no host's: unspecified, multicast, broadcast, reserved, and IPv4 ones in IPv6's clothes. */
const NO_HOSTS = new BlockList()
NO_HOSTS.addSubnet('0.0.0.0', 8, 'ipv4')
NO_HOSTS.addSubnet('224.0.0.0', 3, 'ipv4')
NO_HOSTS.addAddress('::', 'ipv6')
NO_HOSTS.addSubnet('ff00::', 8, 'ipv6')

/**
 * Whether an address can be that of a host that is announced on an interface. Whoever announces writes what he likes, and
 * must not have us knock at what listens on our own loopback interface.
 */
export function isHost(address: string, interfaceIndex: number): boolean {
  const family = isIP(address)
  if (family === 0 || NO_HOSTS.check(address, family === 4 ? 'ipv4' : 'ipv6') || /^::ffff:/i.test(address)) return false
  return !isLoopback(address) || interfaceAt(interfaceIndex)?.loopback === true
}

/** An interface of this machine. */
interface Interface {
  readonly name: string
  readonly loopback: boolean
}

/** Milliseconds for which the interfaces are remembered: whoever announces must not have us list them all the time. */
const REMEMBERED_MS = 1000
let remembered: { readonly until: number; readonly interfaces: ReadonlyMap<number, Interface> } = {
  until: Number.NEGATIVE_INFINITY,
  interfaces: new Map()
}

/** The interface that has an index, as it was a second ago at most. */
function interfaceAt(index: number): Interface | undefined {
  const now = performance.now()
  if (now > remembered.until) {
    // IPv6 ones last: an IPv4 address may have a label in the place of its interface's name.
    const entries = localAddresses().sort((a, b) => a.family - b.family)
    remembered = { until: now + REMEMBERED_MS, interfaces: new Map(entries.map((entry) => [entry.index, entry])) }
  }
  return remembered.interfaces.get(index)
}

/** The addresses of this machine's interfaces that are up. */
export function localAddresses(): InterfaceAddress[] {
  return addon()
    .interfaces()
    .filter((entry) => entry.up)
}

/** The interface of this machine that has an address; null where none has it. Any address of 127.0.0.0/8 is the loopback interface's. */
export function interfaceOf(address: string): InterfaceAddress | null {
  const { bare, scope } = splitScope(address)
  const all = localAddresses()
  const exact = all.find(
    (entry) => entry.address === bare && (scope === null || [entry.name, String(entry.index)].includes(scope))
  )
  return exact ?? (isLoopback(bare) ? (all.find((entry) => entry.loopback) ?? null) : null)
}

/**
 * An instance's paths as `net.connect` takes them: a link-local address needs its interface's name (RFC 4007 §6). Node 20 and
 * 22 take no name with an underscore in it: such a path is left out where there is another.
 */
export function dialable(paths: readonly Path[]): { address: string; family: 4 | 6 }[] {
  const result = new Map<string, { address: string; family: 4 | 6 }>()
  for (const { address: bare, family, interfaceIndex } of paths) {
    const address = isLinkLocal(bare) ? `${bare}%${interfaceAt(interfaceIndex)?.name ?? interfaceIndex}` : bare
    if (!result.has(address)) result.set(address, { address, family })
  }
  const all = [...result.values()]
  const taken = all.filter(({ address }) => isIP(address) !== 0)
  return taken.length > 0 ? taken : all
}
