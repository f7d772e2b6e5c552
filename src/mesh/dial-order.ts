import { isLinkLocal } from '../net/addresses.js'

/** An address in the form that `net.connect` takes: a link-local address has its scope. */
export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

/**
 * The order in which a peer's addresses are tried: first those at which it was connected before; then alternating families,
 * starting with that of the first address (RFC 8305 §4). Link-local addresses come after the others: they depend on one
 * interface, and on its name. Addresses that failed come last, in the order of their last failure.
 *
 * @param suspects the addresses that failed, the latest last
 * @param homes the addresses at which the peer was connected
 */
export function dialOrder<T extends Address>(
  addresses: readonly T[],
  suspects: readonly string[],
  homes: readonly string[]
): T[] {
  if (suspects.length === 0 && homes.length === 0) return wideFirst(addresses, alternate)
  const rank = ({ address }: T) => suspects.indexOf(address)
  const suspected = addresses.filter((entry) => rank(entry) >= 0).sort((a, b) => rank(a) - rank(b))
  const trusted = addresses.filter((entry) => rank(entry) < 0)
  const known = trusted.filter(({ address }) => homes.includes(address))
  const others = trusted.filter(({ address }) => !homes.includes(address))
  return [...wideFirst(known), ...wideFirst(others, alternate), ...suspected]
}

/** Addresses of a wider scope first, then link-local ones; `arrange` orders each of the two groups. */
function wideFirst<T extends Address>(addresses: readonly T[], arrange = (part: readonly T[]) => part): T[] {
  const isLocal = ({ address }: T) => isLinkLocal(address) || address.startsWith('169.254.')
  return [...arrange(addresses.filter((one) => !isLocal(one))), ...arrange(addresses.filter(isLocal))]
}

function alternate<T extends Address>(addresses: readonly T[]): T[] {
  const ours = addresses.filter(({ family }) => family === addresses[0]?.family)
  const others = addresses.filter(({ family }) => family !== addresses[0]?.family)
  if (others.length === 0) return ours
  const longest = Math.max(ours.length, others.length)
  return Array.from({ length: longest }, (_, n) => [...ours.slice(n, n + 1), ...others.slice(n, n + 1)]).flat()
}
