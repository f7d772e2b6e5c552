import type { InterfaceAddress } from '../addon.js'
import { isLinkLocal, isLoopback } from '../net/addresses.js'
import { listInterfaces } from '../net/interfaces.js'
import type { Announcement } from './discovery.js'

/** Where this machine's interfaces are read, and how often. */
export interface InterfaceSource {
  /** Every address, also of interfaces that are down. Empty where the system does not tell. */
  readonly list: () => readonly InterfaceAddress[]
  /** Milliseconds between two looks. */
  readonly everyMs: number
}

/** Reading them takes some 0.1 ms; no system call tells of changes on all systems alike. */
export const SYSTEM_INTERFACES: InterfaceSource = { list: listInterfaces, everyMs: 2000 }

/**
 * The interface of the one address that a service listens on. Its index changes when the interface is removed and made
 * again, as with a cable of USB, a virtual machine's network or a VPN.
 */
export class ServiceInterface {
  readonly #source: InterfaceSource
  readonly #address: string | null
  /** Its name, when the service was bound. A link-local address may be on other interfaces, too (RFC 4291 §2.5.6). */
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

  /** The index as it is now: 0 for all interfaces, null while none has the address. */
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
