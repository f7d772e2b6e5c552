import type { Account } from './budget.js'

/** The most pairs that are remembered. */
const MAX_PAIRS = 4096

let instances = 0

/** Pairs of uuid and address that have proven that they belong to the cluster: a flood from others does not affect them. */
export class ProvenPairs {
  /** By address, in the order of the last proof, the latest last. */
  readonly #uuids = new Map<string, Set<string>>()
  /** Distinguishes the services of one process, each of which has its own members. */
  readonly #id = ++instances
  #size = 0

  add(uuid: string, address: string): void {
    const uuids = this.#uuids.get(address) ?? new Set()
    if (!uuids.has(uuid)) this.#size++
    uuids.add(uuid)
    this.#uuids.delete(address)
    this.#uuids.set(address, uuids)
    this.#prune()
  }

  /**
   * The account that pays for a connection.
   *
   * @param uuid null while unknown: then any member that was proven at the address is enough
   */
  accountOf(uuid: string | null, address: string): Account {
    const uuids = this.#uuids.get(address)
    if (uuids === undefined || (uuid !== null && !uuids.has(uuid))) return { name: address, shared: true }
    return { name: `${this.#id} ${uuid ?? 'any'} ${address}`, shared: false }
  }

  #prune(): void {
    for (const [address, uuids] of this.#uuids) {
      if (this.#size <= MAX_PAIRS) return
      this.#uuids.delete(address)
      this.#size -= uuids.size
    }
  }
}
