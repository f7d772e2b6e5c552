import { answers, type Question } from './questions.js'
import { folded, type RecordType, type Resource, resource } from './records.js'

/** A record of ours, and those who have it announced. */
interface Own {
  readonly record: Resource
  readonly owners: Set<object>
}

/** The records that this process announces on one link: of all its services together. */
export class OwnRecords {
  readonly #byName = new Map<string, Map<string, Own>>()
  /** The same: each record that is heard is looked for here. */
  readonly #byKey = new Map<string, Own>()
  #version = 0

  /** Another number whenever records were added or removed: answers that were made before are not to be given again. */
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

  /** Takes an owner's records back. Returns those that nobody else in this process has. */
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

  /** Our record that says the same. */
  get({ key }: Resource): Resource | null {
    return this.#byKey.get(key)?.record ?? null
  }

  /**
   * What answers a question. Where a name is ours alone, and has no such record, the answer is that (RFC 6762 §6.1).
   */
  answersTo(question: Question): Resource[] {
    const named = this.#named(question.name)
    const found = named.filter((record) => answers(question, record))
    if (found.length > 0) return found
    const negative = this.#negativeAnswer(named)
    return negative === null ? [] : [negative]
  }

  /** What is told beside an answer: what its receiver would ask for next (RFC 6763 §12.1, §12.2), and that there is no more of it. */
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

  /** That a name has no records but these; null where others may have some under it, too. */
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
