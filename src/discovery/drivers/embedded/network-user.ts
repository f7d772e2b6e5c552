import type { InterfaceAddress } from '../../../addon.js'
import type { MdnsLink } from './link.js'
import type { RemoteRecords } from './remote-records.js'

/** A link that is in use. */
export interface NetworkLink {
  readonly index: number
  readonly family: 4 | 6
  readonly link: MdnsLink
  /** Every address of its interface, of both families. */
  readonly addresses: readonly InterfaceAddress[]
}

/** What uses links: a service. Nothing is called from within `Network.add`. */
export interface NetworkUser {
  readonly type: string
  /** The index of the interface that it is on: 0 for all, null for none at present. */
  interfaceIndex(): number | null
  up(link: NetworkLink): void
  /** Called before the link closes, or where the service is not on it any more. */
  down(link: NetworkLink): void
  /** The link's interface has other addresses. */
  changed(link: NetworkLink): void
  /** An instance is announced on an interface that the service is on, over either family. */
  seen(place: RemoteRecords, uuid: string): void
  /** It is announced there no longer. */
  gone(place: RemoteRecords, uuid: string): void
  /** An answer told of an instance's host and port. */
  answered(link: NetworkLink, uuid: string): void
  /** No link is being opened; `problem` says why one could not be that the service would use. Told again and again. */
  settled(problem: NodeJS.ErrnoException | null): void
}
