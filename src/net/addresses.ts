import { BlockList, isIPv4 } from 'node:net'
import type { InterfaceAddress } from '../addon.js'
import { listInterfaces, scopeOf } from './interfaces.js'
import { Subnets } from './subnets.js'

/** One way to reach an instance: an address, and the interface on which it was announced. */
export interface Path {
  /** The index of this machine's interface; 0 if the driver has no interfaces. */
  readonly interfaceIndex: number
  readonly family: 4 | 6
  /** The bare address, without scope. */
  readonly address: string
}

/**
 * The family of a bare address; 0 for other text. Not by `net.isIP`: on Node 20 and 22 that uses a regular expression for IPv6 which
 * V8 needs three milliseconds to compile, and most joins need no other check of an IPv6 address.
 */
export function familyOf(address: string): 0 | 4 | 6 {
  if (!address.includes(':')) return isIPv4(address) ? 4 : 0
  return canonicalIpv6(address) === null ? 0 : 6
}

/** A bare IPv6 address in canonical form; null for other text. */
function canonicalIpv6(address: string): string | null {
  if (address.length > MAX_IPV6_LENGTH) return null
  const known = ipv6Addresses.get(address)
  if (known !== undefined) return known
  const url = `http://[${address}]`
  const found = /^[0-9a-f:.]+$/i.test(address) && URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : null
  if (ipv6Addresses.size >= MAX_IPV6_ADDRESSES) ipv6Addresses.clear()
  ipv6Addresses.set(address, found)
  return found
}

/** What {@link canonicalIpv6} has found: each takes the parsing of a URL, and the same addresses are seen again and again. */
const ipv6Addresses = new Map<string, string | null>()
/** How many are remembered, and the longest of them: no address is longer. */
const [MAX_IPV6_ADDRESSES, MAX_IPV6_LENGTH] = [1024, 45]
/**
 * The longest scope; interface names have up to 15 characters on Linux and macOS. A substring that is kept as a key keeps its whole
 * source string in memory (V8), so longer scopes are not processed.
 */
const MAX_SCOPE_LENGTH = 64

/** The bare address and the scope of `fe80::1%eth0` (RFC 4007 §11). */
export function splitScope(address: string): { bare: string; scope: string | null } {
  const at = address.indexOf('%')
  return at < 0 ? { bare: address, scope: null } : { bare: address.slice(0, at), scope: address.slice(at + 1) }
}

/**
 * An address in canonical form (RFC 5952 §4), and IPv4-mapped IPv6 addresses in IPv4 form (RFC 4291 §2.5.5.2). A scope is kept.
 * A text that is no address is returned as it is, and so is an address with a scope of more than 64 characters.
 */
export function canonical(address: string): string {
  const { bare, scope } = splitScope(address)
  // As Linux writes the address of an IPv4 host that has connected to a server for both families.
  if (bare.startsWith('::ffff:') && isIPv4(bare.slice(7))) return bare.slice(7)
  if (!bare.includes(':') || (scope !== null && scope.length > MAX_SCOPE_LENGTH)) return address
  const short = canonicalIpv6(bare)
  if (short === null) return address
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(short)
  if (mapped === null) return scope === null ? short : `${short}%${scope}`
  const bits = mapped.slice(1).map((group) => Number.parseInt(group, 16))
  return bits.flatMap((group) => [group >> 8, group & 255]).join('.')
}

/** Whether an address means all addresses of the machine. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** Whether an address is a multicast address (RFC 5771, RFC 4291 §2.7). */
export function isMulticast(address: string): boolean {
  const { bare } = splitScope(address)
  return familyOf(bare) === 4 ? /^2(2[4-9]|3[0-9])\./.test(bare) : familyOf(bare) === 6 && /^ff/i.test(bare)
}

/** Whether an address is a loopback address: 127.0.0.0/8 (RFC 1122 §3.2.1.3) or ::1 (RFC 4291 §2.5.3). */
export function isLoopback(address: string): boolean {
  return address === '::1' || (isIPv4(address) && address.startsWith('127.'))
}

/** Whether an address is a link-local IPv6 address, which needs its interface (fe80::/10, RFC 4291 §2.5.6). */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address)
}

/**
 * IPv6 addresses that no host on a link can have: unspecified, multicast, and those with an embedded IPv4 address, which a
 * router would forward (RFC 4291 §2.5.5, RFC 6052 §2.1, RFC 8215, RFC 3056 §2).
 */
const NO_HOSTS = new BlockList()
NO_HOSTS.addSubnet('::', 96, 'ipv6')
NO_HOSTS.addSubnet('64:ff9b::', 96, 'ipv6')
NO_HOSTS.addSubnet('64:ff9b:1::', 48, 'ipv6')
NO_HOSTS.addSubnet('2002::', 16, 'ipv6')
NO_HOSTS.addSubnet('ff00::', 8, 'ipv6')

/**
 * Whether a host that is announced on an interface can have an address. Announcements are untrusted: a loopback address is
 * accepted only on the loopback interface.
 */
export function isHost(address: string, interfaceIndex: number, interfaces = interfacesNow()): boolean {
  const family = familyOf(address)
  if (family === 0) return false
  if (isLoopback(address)) return interfaces.byIndex.get(interfaceIndex)?.loopback === true
  // A link-local address is in none of these subnets: this check saves the 10 µs of a BlockList.
  if (family === 6) return isLinkLocal(address) || (!NO_HOSTS.check(address, 'ipv6') && !/^::ffff:/i.test(address))
  // Neither unspecified (0.0.0.0/8) nor multicast, reserved or broadcast (224.0.0.0/3). Not by a BlockList either: an announcement
  // may name many addresses.
  const network = Number.parseInt(address, 10)
  return network > 0 && network < 224
}

/** An interface of this machine, with the subnets of its addresses. */
interface Interface {
  readonly name: string
  readonly loopback: boolean
  readonly subnets: Subnets
}

/** This machine's interfaces. */
export interface Interfaces {
  readonly byIndex: ReadonlyMap<number, Interface>
  /** The addresses of all of them, in canonical form. */
  readonly own: ReadonlySet<string>
  /**
   * Results of {@link isOnLink}, by interface and address: a flood of announcements names the same addresses again and again.
   */
  readonly onLink: Map<string, boolean>
}

/** The most results that are remembered. */
const MAX_FOUND = 4096

/** The interfaces that have these addresses. */
export function interfacesWith(entries: readonly InterfaceAddress[]): Interfaces {
  const byIndex = new Map<number, Interface>()
  const own = new Set<string>()
  // IPv6 first, because the first entry sets the name: an IPv4 address may have a label instead of its interface's name.
  for (const entry of entries.toSorted((a, b) => b.family - a.family)) {
    const { index, name, loopback } = entry
    own.add(canonical(entry.address))
    const one = byIndex.get(index) ?? { name, loopback, subnets: new Subnets() }
    byIndex.set(index, one)
    one.subnets.add(entry)
  }
  return { byIndex, own, onLink: new Map() }
}

/**
 * Whether an address belongs to a host on the link of an interface: within a subnet of the interface, or link-local
 * (fe80::/10). Announcements are untrusted: an address behind a router, or on another interface, is never dialed.
 */
export function isOnLink(path: Path, interfaces = interfacesNow()): boolean {
  const key = `${path.interfaceIndex} ${path.address}`
  const { onLink } = interfaces
  const before = onLink.get(key)
  if (before !== undefined) return before
  const found = findOnLink(path, interfaces)
  // Emptied when it is full: the interfaces may stay the same for weeks.
  if (onLink.size >= MAX_FOUND) onLink.clear()
  onLink.set(key, found)
  return found
}

function findOnLink({ address, interfaceIndex }: Path, interfaces: Interfaces): boolean {
  const own = interfaces.byIndex.get(interfaceIndex)
  if (own === undefined || !isHost(address, interfaceIndex, interfaces)) return false
  if (isLinkLocal(address)) return !own.loopback
  return own.subnets.has(address) && !own.subnets.isEnd(address)
}

/** Whether an address is one of this machine's. */
export function isOwn(address: string, interfaces = interfacesNow()): boolean {
  return interfaces.own.has(canonical(address))
}

/** Milliseconds for which the interfaces are cached: a flood of announcements must not list them again and again. */
const REMEMBERED_MS = 1000
const NO_LIST: readonly InterfaceAddress[] = []
const remembered = { until: Number.NEGATIVE_INFINITY, list: NO_LIST, interfaces: interfacesWith(NO_LIST) }

/** The interfaces, at most {@link REMEMBERED_MS} old. */
export function interfacesNow(): Interfaces {
  const now = performance.now()
  if (now <= remembered.until) return remembered.interfaces
  remembered.until = now + REMEMBERED_MS
  const list = listInterfaces()
  if (list !== remembered.list) {
    remembered.list = list
    remembered.interfaces = interfacesWith(list.filter(isUp))
  }
  return remembered.interfaces
}

/** The addresses of this machine's interfaces that are up. */
export function localAddresses(): InterfaceAddress[] {
  return listInterfaces().filter(isUp)
}

function isUp({ up }: InterfaceAddress): boolean {
  return up
}

/** The interface of this machine that has an address; null if none has it. The loopback interface has all of 127.0.0.0/8. */
export function interfaceOf(address: string): InterfaceAddress | null {
  const { bare, scope } = splitScope(address)
  const all = localAddresses()
  const exact = all.find(
    (entry) => entry.address === bare && (scope === null || [entry.name, String(entry.index)].includes(scope))
  )
  return exact ?? (isLoopback(bare) ? (all.find((entry) => entry.loopback) ?? null) : null)
}

/**
 * The paths of an instance that lead to a host on the link, in the form that `net.connect` takes: a link-local address needs
 * its interface (RFC 4007 §6). Node rejects an interface name with an underscore: such a path is left out if there is another
 * one. A path with interface 0 was made in this process, and is not checked.
 *
 * @param interfaces returns this machine's interfaces; called only if a path needs them
 */
export function dialable(paths: readonly Path[], interfaces = interfacesNow): { address: string; family: 4 | 6 }[] {
  const result = new Map<string, { address: string; family: 4 | 6 }>()
  for (const path of paths) {
    const { address: bare, family, interfaceIndex } = path
    if (interfaceIndex !== 0 && !isOnLink(path, interfaces())) continue
    const address = isLinkLocal(bare) ? `${bare}%${scopeAt(interfaceIndex, interfaces())}` : bare
    if (!result.has(address)) result.set(address, { address, family })
  }
  const all = [...result.values()]
  const taken = all.filter(({ address }) => /^[^%]*(%[0-9a-z.:-]+)?$/i.test(address))
  return taken.length > 0 ? taken : all
}

function scopeAt(index: number, interfaces: Interfaces): string {
  return scopeOf({ name: interfaces.byIndex.get(index)?.name ?? String(index), index })
}
