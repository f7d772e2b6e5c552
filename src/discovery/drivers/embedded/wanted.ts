import type { InterfaceAddress } from '../../../addon.js'
import type { LinkPlace } from './active-link.js'

/** The interfaces and families that services need. */
export interface Wanted {
  readonly places: ReadonlyMap<string, LinkPlace>
  /** Whether the loopback interface was left out for now. */
  readonly isLoopbackLeftOut: boolean
}

/**
 * The interfaces and families that services need.
 *
 * @param all this machine's interfaces that are up
 * @param indexes the interfaces of the services: 0 for all
 * @param canLoopbackWait whether services on all interfaces do without loopback for now, if there is another interface
 */
export function wantedOf(
  all: readonly InterfaceAddress[],
  indexes: ReadonlySet<number | null>,
  canLoopbackWait: boolean
): Wanted {
  const places = new Map<string, LinkPlace>()
  const mayWait = canLoopbackWait && all.some(({ loopback }) => !loopback)
  let isLoopbackLeftOut = false
  for (const entry of all) {
    if (!indexes.has(0) && !indexes.has(entry.index)) continue
    // Linux has no route to the IPv6 group over loopback, and IPv4 is sufficient.
    if (entry.loopback && entry.family === 6 && all.some(({ loopback, family }) => loopback && family === 4)) continue
    if (entry.loopback && mayWait && !indexes.has(entry.index)) {
      isLoopbackLeftOut = true
      continue
    }
    const key = keyOf(entry)
    const addresses = all.filter(({ index, name }) => index === entry.index && name === entry.name)
    if (!places.has(key)) places.set(key, { entry, addresses })
  }
  return { places, isLoopbackLeftOut }
}

/** The key of an interface and family. */
export function keyOf({ index, name, family }: Pick<InterfaceAddress, 'index' | 'name' | 'family'>): string {
  return `${index} ${name} ${family}`
}
