import { answers, type Question } from './questions.js'
import { folded, type RecordType, type Resource, resource } from './records.js'

/** An announced record and its owners. */
interface Own {
  readonly record: Resource
  readonly owners: Set<object>
}

/** The records that all services of this process announce on one link. */
export class OwnRecords {
  readonly #byName = new Map<string, Map<string, Own>>()
  /** The same records by key, for the lookup of each received record. */
  readonly #byKey = new Map<string, Own>()
  #version = 0

  /** Changes whenever records are added or removed, so that cached answers can be recognized as outdated. */
  get version(): number {
    return this.#version
  }

  /** Adds an owner's records. */
  add(owner: object, records: readonly Resource[]): void {
    this.#version++
    for (const record of records) {
      const name = folded(record.name)
      const named = this.#byName.get(name) ?? new Map<string, Own>()
      this.#byName.set(name, named)
      const own = named.get(record.key) ?? { record, owners: new Set() }
      named.set(record.key, own)
      this.#byKey.set(record.key, own)
      own.owners.add(owner)
    }
  }

  /** Removes an owner's records. Returns those that have no other owner in this process. */
  remove(owner: object, records: readonly Resource[]): Resource[] {
    this.#version++
    return records.filter(({ name, key }) => {
      const named = this.#byName.get(folded(name))
      const own = named?.get(key)
      if (named === undefined || own === undefined || !own.owners.delete(owner) || own.owners.size > 0) return false
      named.delete(key)
      this.#byKey.delete(key)
      if (named.size === 0) this.#byName.delete(folded(name))
      return true
    })
  }

  has({ key }: Resource): boolean {
    return this.#byKey.has(key)
  }

  /** Our record with the same key. */
  get({ key }: Resource): Resource | null {
    return this.#byKey.get(key)?.record ?? null
  }

  /**
   * The answers to a question: a negative answer if the name is unique to us and has no such record (RFC 6762 §6.1).
   */
  answersTo(question: Question): Resource[] {
    const named = this.#named(question.name)
    const found = named.filter((record) => answers(question, record))
    if (found.length > 0) return found
    const negative = this.#negativeAnswer(named)
    return negative === null ? [] : [negative]
  }

  /**
   * The additional records of an answer: those that its receiver would ask for next (RFC 6763 §12.1, §12.2), or a
   * negative answer if the host has addresses of one family only.
   */
  additionalsTo(record: Resource): Resource[] {
    switch (record.type) {
      case 'PTR': {
        const instance = this.#named(record.target).filter(({ type }) => type === 'SRV' || type === 'TXT')
        return [...instance, ...instance.flatMap((one) => this.additionalsTo(one))]
      }
      case 'SRV':
        return this.#addresses(record.target)
      case 'A':
      case 'AAAA':
        return this.#addresses(record.name).filter(({ type }) => type !== record.type)
      default:
        return []
    }
  }

  #addresses(host: string): Resource[] {
    const named = this.#named(host).filter(({ type }) => type === 'A' || type === 'AAAA')
    const negative = new Set(named.map(({ type }) => type)).size < 2 ? this.#negativeAnswer(named) : null
    return negative === null ? named : [...named, negative]
  }

  /**
   * An NSEC record which says that a name has no other records; null if other responders may have records of that name.
   */
  #negativeAnswer(named: readonly Resource[]): Resource | null {
    const [first] = named
    if (first === undefined || !named.every(({ unique }) => unique)) return null
    const types = [...new Set<RecordType>(named.map(({ type }) => type))]
    return resource(first.name, first.ttl, true, { type: 'NSEC', types })
  }

  #named(name: string): Resource[] {
    return [...(this.#byName.get(folded(name))?.values() ?? [])].map(({ record }) => record)
  }
}
