import type { RemoteInfo } from 'node:dgram'
import { type Interfaces, isLinkLocal, isOwn, splitScope } from '../../../net/addresses.js'

/** Where a message came from, according to its source address. */
export interface Origin {
  /** Whether the sender is on the link, so that it may be answered by unicast (RFC 6762 §11). */
  readonly isOnLink: boolean
  /** Whether the address belongs to this machine. The system drops packets from other hosts with such an address. */
  readonly isLocal: boolean
}

/** The link whose socket received a message. */
export interface ReceivingLink {
  readonly index: number
  readonly name: string
  readonly family: 4 | 6
}

/**
 * The origin of a message that a link's socket has received; null if it belongs to another link, because a socket that
 * is bound to an IPv4 group receives the messages of all interfaces. A message that belongs to no known link is taken
 * on all (RFC 6762 §11).
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
  const isIn = (index: number) => interfaces.byIndex.get(index)?.subnets.has(bare) ?? false
  if (isIn(link.index)) return { isOnLink: true, isLocal }
  const isElsewhere = link.family === 4 && [...interfaces.byIndex.keys()].some(isIn)
  return isElsewhere ? null : { isOnLink: false, isLocal }
}

/** The most addresses that are remembered, because a flood can come from many. */
const MAX_REMEMBERED = 4096

/** The origins of messages, by source address. Valid until the interfaces change. */
export class Origins {
  readonly interfaces: Interfaces
  readonly #known = new Map<string, Origin | null>()

  constructor(interfaces: Interfaces) {
    this.interfaces = interfaces
  }

  /** As {@link originOf}, but remembered. */
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
