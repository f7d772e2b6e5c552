import type { InterfaceAddress } from '../addon.js'
import { isLinkLocal, isLoopback } from '../net/addresses.js'
import { listInterfaces } from '../net/interfaces.js'
import type { Announcement } from './discovery.js'

/** Lists this machine's interfaces. */
export interface InterfaceSource {
  /** Every address, including those of interfaces that are down. Empty if the system cannot list them. */
  readonly list: () => readonly InterfaceAddress[]
  /** Milliseconds between two listings. */
  readonly everyMs: number
  /** A number that differs from the last one if the list may have changed. Default: it always may. */
  readonly changes?: () => number
}

/** Polling, which takes about 0.1 ms each time: no system call reports changes on all systems. */
export const SYSTEM_INTERFACES: InterfaceSource = { list: listInterfaces, everyMs: 2000 }

/**
 * The interface with the address on which a service listens. Its index changes when the interface is removed and made again, as
 * with a USB adapter, the network of a virtual machine, or a VPN.
 */
export class ServiceInterface {
  readonly #source: InterfaceSource
  readonly #address: string | null
  /** Its name when the service was bound. Other interfaces may have the same link-local address (RFC 4291 §2.5.6). */
  readonly #name: string | null
  #index: number | null

  constructor({ address, interfaceIndex }: Announcement, source: InterfaceSource) {
    this.#source = source
    this.#index = interfaceIndex
    this.#address = interfaceIndex === 0 ? null : address
    this.#name =
      this.#address === null ? null : (source.list().find(({ index }) => index === interfaceIndex)?.name ?? null)
  }

  /** Whether the service listens on one address of one interface, so that the index may change. */
  get isOne(): boolean {
    return this.#address !== null
  }

  /** The current index: 0 for all interfaces, null while none has the address. */
  find(): number | null {
    const entries = this.#address === null ? [] : this.#source.list()
    if (this.#address !== null && entries.length > 0) this.#index = this.#indexIn(this.#address, entries)
    return this.#index
  }

  #indexIn(address: string, entries: readonly InterfaceAddress[]): number | null {
    if (isLoopback(address)) return entries.find(({ loopback }) => loopback)?.index ?? null
    const having = entries.filter((entry) => entry.address === address)
    const named = having.find(({ name }) => name === this.#name)
    const [other] = isLinkLocal(address) ? [] : having
    return (named ?? other)?.index ?? null
  }
}
