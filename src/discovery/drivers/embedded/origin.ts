import type { RemoteInfo } from 'node:dgram'
import { type Interfaces, isLinkLocal, isOwn, splitScope } from '../../../net/addresses.js'

/** Where a message came from, as far as its sender's address tells. */
export interface Origin {
  /** Whether the sender is on the link, so that it may be answered there (RFC 6762 §11). */
  readonly isOnLink: boolean
  /** Whether the address is one of this machine's. The system drops packets from elsewhere that claim such a one. */
  readonly isLocal: boolean
}

/** The link that a socket is for. */
export interface ReceivingLink {
  readonly index: number
  readonly name: string
  readonly family: 4 | 6
}

/**
 * Where a message came from that a link's socket has received; null where it came on another link: a socket that is bound to a
 * group of IPv4 gets what comes on any interface. What cannot be attributed counts for all links (RFC 6762 §11).
 */
export function originOf(
  { address }: Pick<RemoteInfo, 'address'>,
  link: ReceivingLink,
  interfaces: Interfaces
): Origin | null {
  const { bare, scope } = splitScope(address)
  const isLocal = isOwn(bare, interfaces)
  if (link.family === 6 && isLinkLocal(bare)) {
    const isHere = scope === null || scope === link.name || scope === String(link.index)
    return isHere ? { isOnLink: true, isLocal } : null
  }
  const family = link.family === 4 ? 'ipv4' : 'ipv6'
  const isIn = (index: number) => interfaces.byIndex.get(index)?.subnets.check(bare, family) ?? false
  if (isIn(link.index)) return { isOnLink: true, isLocal }
  const isElsewhere = link.family === 4 && [...interfaces.byIndex.keys()].some(isIn)
  return isElsewhere ? null : { isOnLink: false, isLocal }
}

/** How many addresses are remembered, of a flood of senders. */
const MAX_REMEMBERED = 4096

/** Where messages came from, remembered for as long as the interfaces stay as they are. */
export class Origins {
  readonly interfaces: Interfaces
  readonly #known = new Map<string, Origin | null>()

  constructor(interfaces: Interfaces) {
    this.interfaces = interfaces
  }

  /** As {@link originOf} finds it. */
  of(from: Pick<RemoteInfo, 'address'>, link: ReceivingLink): Origin | null {
    const key = `${link.family} ${link.index} ${link.name} ${from.address}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const origin = originOf(from, link, this.interfaces)
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear()
    this.#known.set(key, origin)
    return origin
  }
}
