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

/** A service that uses links. No method is called from within `Network.add`. */
export interface NetworkUser {
  readonly type: string
  /** Whether its first look has found a peer. */
  readonly hasMet: boolean
  /** The index of the service's interface: 0 for all, null if no interface has its address. */
  interfaceIndex(): number | null
  up(link: NetworkLink): void
  /** Called before the link closes, or when the service no longer uses it. */
  down(link: NetworkLink): void
  /** The link's interface has other addresses. */
  changed(link: NetworkLink): void
  /** An instance is announced on one of the service's interfaces, over either family. */
  seen(place: RemoteRecords, uuid: string): void
  /** The instance is no longer announced on that interface. */
  gone(place: RemoteRecords, uuid: string): void
  /** A response had an SRV record of an instance. */
  answered(link: NetworkLink, uuid: string): void
  /** No link is being opened. Called repeatedly. `problem` says why a link of the service could not be opened. */
  settled(problem: NodeJS.ErrnoException | null): void
}
