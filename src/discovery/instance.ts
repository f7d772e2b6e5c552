import type { Path } from '../net/addresses.js'
import { familyOf, type Interfaces, interfacesNow, isHost, isLoopback, isOwn } from '../net/addresses.js'
import { trace } from '../trace.js'
import type { Instance, Txt, Whereabouts } from './discovery.js'
import { shownHost } from './host-name.js'
import type { Location, LocationPath } from './session.js'
import { parseTxt } from './txt.js'

/** The most answers that differ in host or port and are kept: a dial tries as many endpoints. */
export const MAX_ANSWERS = 8

/** Addresses of an instance beyond this many are ignored: a host has a few on each interface. */
export const MAX_PATHS = 64

/**
 * The instance in a daemon's answer; null if the answer has no address that can be dialed.
 *
 * @param interfaces this machine's interfaces; default: the current ones
 */
export function instanceOf(uuid: string, location: Location, interfaces = interfacesNow()): Instance | null {
  const { host, port, txt, paths } = location
  const usable = usablePaths(paths, interfaces)
  if (Number.isInteger(port) && port >= 1 && port <= 65535 && usable.length > 0)
    return { uuid, host: shownHost(host), port, txt: parseTxt(txt), paths: usable }
  trace('%s: the answer of the daemon has no address that can be dialed: port %d', uuid, port)
  return null
}

function usablePaths(paths: readonly LocationPath[], interfaces: Interfaces): Path[] {
  const usable = new Map<string, Path>()
  for (const { interfaceIndex, address, origin } of paths) {
    const family = familyOf(address)
    if (family === 0 || !isHost(address, interfaceIndex, interfaces)) continue
    // Never dial an address of this machine that another machine announces: this service would connect to local programs.
    if (origin === 'another machine' && !isLoopback(address) && isOwn(address, interfaces)) continue
    if (usable.size < MAX_PATHS) usable.set(`${interfaceIndex} ${address}`, { interfaceIndex, family, address })
  }
  return [...usable.values()]
}

/** Whether an instance has the kind of security that a service announces; without `sec` it is `none`. */
export function hasSecurity({ txt }: Instance, announced: Txt): boolean {
  return (txt.sec ?? 'none') === (announced.sec ?? 'none')
}

/**
 * Combines two answers about an instance. If only one of them has our kind of security, that one is used: a false answer must
 * not prevent dials of the peer. If they differ in host or port, both are kept, the later one first, because
 * either may be false. If there are too many, one of the earlier ones is dropped at random: the sender of false answers must not
 * be able to choose it.
 *
 * @param own the TXT record of this service
 */
export function joined(before: Instance | null, answer: Instance, own: Txt): Instance {
  if (before === null) return answer
  const wasOurs = hasSecurity(before, own)
  if (wasOurs !== hasSecurity(answer, own)) return wasOurs ? before : answer
  const known = [before, ...(before.others ?? [])]
  const same = known.find(({ host, port }) => host === answer.host && port === answer.port)
  const others = known.filter((place) => place !== same).map(({ host, port, paths }) => ({ host, port, paths }))
  if (others.length >= MAX_ANSWERS) others.splice(Math.floor(Math.random() * others.length), 1)
  const paths = same === undefined ? answer.paths : pathsOf(same, answer)
  return { ...answer, paths, ...(others.length === 0 ? {} : { others }) }
}

function pathsOf(one: Whereabouts, other: Whereabouts): Path[] {
  const paths = new Map([...one.paths, ...other.paths].map((path) => [`${path.interfaceIndex} ${path.address}`, path]))
  return [...paths.values()].slice(0, MAX_PATHS)
}
