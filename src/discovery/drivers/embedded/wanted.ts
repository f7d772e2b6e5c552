import type { InterfaceAddress } from '../../../addon.js'
import type { LinkPlace } from './active-link.js'

/** The interfaces and families that services are on. */
export interface Wanted {
  readonly places: ReadonlyMap<string, LinkPlace>
  /** Whether the loopback interface was left out, which can wait. */
  readonly isLoopbackLeftOut: boolean
}

/**
 * The interfaces and families that services are on.
 *
 * @param all this machine's, but for those that are down
 * @param indexes the interfaces of the services: 0 for all
 * @param canLoopbackWait whether services on all interfaces do without loopback for now, where there is another
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
    // Linux has no route to the group over it, and IPv4 does as well.
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

/** What tells an interface and family from others. */
export function keyOf({ index, name, family }: Pick<InterfaceAddress, 'index' | 'name' | 'family'>): string {
  return `${index} ${name} ${family}`
}
