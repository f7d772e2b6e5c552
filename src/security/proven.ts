import type { Account } from './budget.js'

/** Pairs that are remembered at a time. */
const MAX_PAIRS = 4096

let instances = 0

/** Pairs of uuid and address that have proven that they belong: floods of others do not keep them out. */
export class ProvenPairs {
  /** By address, the address that was last proven last. */
  readonly #uuids = new Map<string, Set<string>>()
  /** Services of one process have members of their own. */
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
   * Whose budget a connection uses.
   *
   * @param uuid null while it is not known: then any member that was proven at the address counts
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
