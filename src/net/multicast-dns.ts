import type { InterfaceAddress } from '../addon.js'

/** The port and the groups of multicast DNS (RFC 6762 §3). */
export const PORT = 5353
export const GROUPS = { 4: '224.0.0.251', 6: 'ff02::fb' } as const

/** One address of each interface and family: multicast DNS is sent once on each. */
export function oneEach(addresses: readonly InterfaceAddress[]): InterfaceAddress[] {
  const chosen = new Map<string, InterfaceAddress>()
  for (const entry of addresses) {
    const key = `${entry.index}/${entry.family}`
    if (!chosen.has(key)) chosen.set(key, entry)
  }
  return [...chosen.values()]
}
