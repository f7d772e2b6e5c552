import { formatTxt, joinTxt, parseTxt, splitTxt } from '../../txt.js'
import { Cache, type CacheLimits } from './cache.js'
import type { Clock } from './clock.js'
import { uuidIn } from './names.js'
import { type Family, folded, isSameName, type Resource, resource } from './records.js'

export interface RemoteRecordsOptions {
  readonly clock: Clock
  readonly limits?: CacheLimits
  /** An instance of a browsed type is announced. Called from within {@link RemoteRecords.take}. */
  readonly onSeen: (type: string, uuid: string) => void
  /** The instance is no longer announced. Called from the event loop. */
  readonly onGone: (type: string, uuid: string) => void
  /** Instances of a browsed type are about to expire, so the type is to be asked for again over these families. */
  readonly onRefresh: (type: string, families: ReadonlySet<Family>) => void
}

/**
 * The records of other responders on one interface. Its links over IPv4 and IPv6 share them, because nearly all hosts
 * announce the same over both.
 */
export class RemoteRecords {
  readonly #options: RemoteRecordsOptions
  readonly #cache: Cache
  /** The number of calls of {@link browse} for each type, over either family. */
  readonly #browsed = new Map<string, number>()
  /** The number of SRV records in the cache for each target host. */
  readonly #hosts = new Map<string, number>()
  #lastAt = Number.NEGATIVE_INFINITY

  constructor(options: RemoteRecordsOptions) {
    this.#options = options
    const { clock, limits } = options
    this.#cache = new Cache({
      clock,
      ...(limits === undefined ? {} : { limits }),
      onAdded: this.#onAdded,
      onRemoved: this.#onRemoved,
      onRefresh: options.onRefresh,
      isOfInterest: (record) => record.type === 'PTR' && this.#types().some((type) => isSameName(record.name, type))
    })
  }

  get cache(): Cache {
    return this.#cache
  }

  /** When a record of a browsed type was last received: a time of the clock. */
  get lastAt(): number {
    return this.#lastAt
  }

  /** Keeps the records of a service type until {@link stop} has been called as often. */
  browse(type: string): void {
    this.#browsed.set(type, (this.#browsed.get(type) ?? 0) + 1)
  }

  /** Ends one {@link browse}. After the last one of a type, its records are removed. */
  stop(type: string): void {
    const count = (this.#browsed.get(type) ?? 0) - 1
    if (count > 0) {
      this.#browsed.set(type, count)
      return
    }
    // First, so that `onGone` is not called for the removed records.
    this.#browsed.delete(type)
    if (this.#browsed.size === 0) this.close()
    else this.#cache.forget((record) => uuidOf(record, type) !== null)
  }

  /** The known instances of a browsed type. */
  known(type: string): string[] {
    return this.#cache.get(type, 'PTR').flatMap((record) => uuidOf(record, type) ?? [])
  }

  /**
   * Takes the records of a response.
   *
   * @param family the family over which it was received
   * @param isLocal whether it came from this machine
   */
  take(records: readonly Resource[], family: Family, isLocal: boolean): void {
    // Addresses last: they are kept only for hosts that are the target of an SRV record.
    const late = records.filter(({ type }) => type === 'A' || type === 'AAAA')
    const early = records.filter(({ type }) => type !== 'A' && type !== 'AAAA')
    for (const record of [...early, ...late]) {
      if (!this.#isWanted(record)) continue
      this.#lastAt = this.#options.clock.now()
      this.#cache.take(reduced(record), isLocal, family)
    }
  }

  /** Removes all records, without calling `onGone`. */
  close(): void {
    this.#browsed.clear()
    this.#hosts.clear()
    this.#cache.clear()
  }

  #types(): string[] {
    return [...this.#browsed.keys()]
  }

  /** Whether a record belongs to an instance of a browsed type. Others are not kept: packets are untrusted. */
  #isWanted(record: Resource): boolean {
    switch (record.type) {
      case 'PTR':
      case 'SRV':
      case 'TXT':
        return this.#types().some((type) => uuidOf(record, type) !== null)
      case 'A':
      case 'AAAA':
        return this.#hosts.has(folded(record.name))
      case 'NSEC':
        return false
    }
  }

  readonly #onAdded = (record: Resource): void => {
    if (record.type === 'SRV') {
      const host = folded(record.target)
      this.#hosts.set(host, (this.#hosts.get(host) ?? 0) + 1)
    }
    this.#report(record, this.#options.onSeen)
  }

  readonly #onRemoved = (record: Resource): void => {
    if (record.type === 'SRV') {
      const host = folded(record.target)
      const count = (this.#hosts.get(host) ?? 0) - 1
      if (count > 0) this.#hosts.set(host, count)
      else this.#hosts.delete(host)
    }
    this.#report(record, this.#options.onGone)
  }

  #report(record: Resource, listener: (type: string, uuid: string) => void): void {
    if (record.type !== 'PTR') return
    for (const type of this.#types()) {
      const uuid = uuidOf(record, type)
      if (uuid !== null) listener(type, uuid)
    }
  }
}

/** The uuid of the instance that a record belongs to; null if that is no instance of the type. */
function uuidOf(record: Resource, type: string): string | null {
  if (record.type === 'PTR') return isSameName(record.name, type) ? uuidIn(record.target, type) : null
  return uuidIn(record.name, type)
}

/** The longest TXT record that is kept unchanged, in bytes. Those of services are shorter. */
const SHORT_TXT_BYTES = 64

/** Reduces a long TXT record, which may have thousands of bytes, to the keys that are used. */
function reduced(record: Resource): Resource {
  if (record.type !== 'TXT' || record.strings.length <= SHORT_TXT_BYTES) return record
  const strings = joinTxt(formatTxt(parseTxt(splitTxt(record.strings))))
  return resource(record.name, record.ttl, record.unique, { type: 'TXT', strings })
}
