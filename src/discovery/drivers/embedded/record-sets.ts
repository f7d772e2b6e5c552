import type { Resource } from './records.js'

/** How many records are kept: packets are untrusted. */
export interface SetLimits {
  /** The most PTR records of one name: the members of a cluster. */
  readonly maxPointers: number
  /** The most other records; each member has 4 or 5. Counted separately, so that PTR records keep their room. */
  readonly maxRecords: number
  /** The most other records of one name and type: the addresses of a host. */
  readonly maxPerSet: number
}

/** Entries for records, in sets by name and type, and within a set by the record's key. Their number is bounded. */
export class RecordSets<Entry extends { readonly record: Resource }> {
  readonly #limits: SetLimits
  readonly #sets = new Map<string, Map<string, Entry>>()
  #pointers = 0
  #others = 0

  constructor(limits: SetLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#pointers + this.#others
  }

  /** Whether a set has entries. */
  has(set: string): boolean {
    return this.#sets.has(set)
  }

  /** The entries of a set. */
  of(set: string): Iterable<Entry> {
    return this.#sets.get(set)?.values() ?? []
  }

  get({ set, key }: Resource): Entry | undefined {
    return this.#sets.get(set)?.get(key)
  }

  all(): Entry[] {
    return [...this.#sets.values()].flatMap((set) => [...set.values()])
  }

  /** Adds an entry, or replaces that of the same record. Returns false if there is no room for it. */
  put(entry: Entry): boolean {
    const { record } = entry
    const set = this.#sets.get(record.set)
    if (set?.has(record.key) !== true) {
      if (!this.#hasRoomFor(record, set?.size ?? 0)) return false
      this.#count(record, 1)
    }
    if (set === undefined) this.#sets.set(record.set, new Map([[record.key, entry]]))
    else set.set(record.key, entry)
    return true
  }

  delete(record: Resource): void {
    const set = this.#sets.get(record.set)
    if (set?.delete(record.key) !== true) return
    this.#count(record, -1)
    if (set.size === 0) this.#sets.delete(record.set)
  }

  clear(): void {
    this.#sets.clear()
    this.#pointers = 0
    this.#others = 0
  }

  #hasRoomFor({ type }: Resource, size: number): boolean {
    const { maxPointers, maxRecords, maxPerSet } = this.#limits
    return type === 'PTR' ? size < maxPointers : size < maxPerSet && this.#others < maxRecords
  }

  #count({ type }: Resource, change: number): void {
    if (type === 'PTR') this.#pointers += change
    else this.#others += change
  }
}
