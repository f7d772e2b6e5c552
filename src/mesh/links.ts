import { Link } from './link.js'
import type { LinkOwner } from './options.js'
import { type Peer, peerMap } from './peer.js'

/** The links of a mesh, by the uuids of their peers. */
export class Links {
  readonly #owner: LinkOwner
  readonly #links = new Map<string, Link>()

  constructor(owner: LinkOwner) {
    this.#owner = owner
  }

  get size(): number {
    return this.#links.size
  }

  get(uuid: string): Link | undefined {
    return this.#links.get(uuid)
  }

  /** The link of a peer; a new one if the peer is not known. */
  of(uuid: string): Link {
    const known = this.#links.get(uuid)
    if (known !== undefined) return known
    const link = new Link(uuid, this.#owner)
    this.#links.set(uuid, link)
    return link
  }

  has(link: Link): boolean {
    return this.#links.get(link.uuid) === link
  }

  delete(link: Link): void {
    this.#links.delete(link.uuid)
  }

  all(): IterableIterator<Link> {
    return this.#links.values()
  }

  /** Whether one of the peers was connected at an address. */
  areKnownAt(address: string): boolean {
    for (const link of this.#links.values()) if (link.places.wasConnectedAt(address)) return true
    return false
  }

  /** The addresses of the peers' last connections, those of peers that are not connected first. */
  homes(): string[] {
    const isConnected = ({ state }: Link) => state.kind === 'connected'
    const links = [...this.#links.values()].sort((a, b) => Number(isConnected(a)) - Number(isConnected(b)))
    return [...new Set(links.map(({ places }) => places.home).filter((home) => home !== null))]
  }

  /** A snapshot of every peer that is announced or connected, by uuid. */
  peers(): ReadonlyMap<string, Peer> {
    return peerMap([...this.#links.values()].filter((link) => !link.isGone).map((link) => link.toPeer()))
  }
}
