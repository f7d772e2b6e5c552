import { MAX_PATHS } from '../../instance.js'
import { MAX_INSTANCES } from '../../sightings.js'
import { Alarm, type Clock } from './clock.js'
import type { Question } from './questions.js'
import { RecordSets, type SetLimits } from './record-sets.js'
import { type Family, type RecordType, type Resource, setOf } from './records.js'

/** Milliseconds until a record expires after a goodbye (RFC 6762 §10.1) or a cache flush (§10.2). */
const GRACE_MS = 1000
/** The parts of a record's lifetime after which it is refreshed, and the greatest random addition (RFC 6762 §5.2). */
const REFRESH_AT = [0.8, 0.85, 0.9, 0.95] as const
const REFRESH_SPREAD = 0.02
/** A record expires if two questions of other hosts get no answer within ten seconds (RFC 6762 §10.4). */
const [UNANSWERED, UNANSWERED_MS] = [2, 10_000]
/** The least time, in milliseconds, between two checks for due records: records that expire in succession share one. */
const CHECK_EVERY_MS = 20
/** The most records that expire in one check, because each is reported, which takes time. */
const MAX_ENDED = 250

export interface CacheLimits extends SetLimits {
  /** The longest lifetime, in seconds: the TTL of records that contain no host name (RFC 6762 §10). */
  readonly maxTtl: number
  /** The most known answers of one question: otherwise a flood would cause queries of many packets. */
  readonly maxKnownAnswers: number
}

export const CACHE_LIMITS: CacheLimits = {
  maxPointers: MAX_INSTANCES,
  maxRecords: 16_384,
  maxPerSet: MAX_PATHS,
  maxTtl: 4500,
  maxKnownAnswers: 512
}

export interface CacheOptions {
  readonly clock: Clock
  readonly limits?: CacheLimits
  /** A record was added. Called from within {@link Cache.take}. */
  readonly onAdded: (record: Resource) => void
  /** A record was removed. Called from the event loop, or from within {@link Cache.forget}. */
  readonly onRemoved: (record: Resource) => void
  /**
   * Records of interest with this name are about to expire, and should be asked for over these families: that over
   * which they were received, or both if a first refresh was not answered.
   */
  readonly onRefresh: (name: string, families: ReadonlySet<Family>) => void
  /** Whether a record is to be refreshed before it expires. */
  readonly isOfInterest: (record: Resource) => boolean
}

interface Entry {
  readonly record: Resource
  /** Whether it came from this machine. */
  isLocal: boolean
  /** The family over which it was received; IPv4 if it was received over both. */
  readonly family: Family
  receivedAt: number
  lifetimeMs: number
  expiresAt: number
  /** When it is refreshed next; infinity for never. */
  refreshAt: number
  refreshes: number
  /** The number of unanswered questions of other hosts for it, and when the first of them was received. */
  unanswered: number
  unansweredSince: number
}

const BOTH: readonly Family[] = [4, 6]

/** A cache of the records received on one interface (RFC 6762 §10). Its size is bounded: packets are untrusted. */
export class Cache {
  readonly #options: CacheOptions
  readonly #limits: CacheLimits
  readonly #sets: RecordSets<Entry>
  /** When another host last asked for each set, over each family. */
  readonly #askedAt = new Map<string, number>()
  readonly #alarm: Alarm

  constructor(options: CacheOptions) {
    this.#options = options
    this.#limits = options.limits ?? CACHE_LIMITS
    this.#sets = new RecordSets(this.#limits)
    this.#alarm = new Alarm(options.clock, this.#onDue)
  }

  get size(): number {
    return this.#sets.size
  }

  /**
   * Takes a record of a response.
   *
   * @param isLocal whether the response came from this machine
   * @param family the family over which it was received
   */
  take(record: Resource, isLocal = false, family: Family = 4): void {
    const now = this.#options.clock.now()
    const known = this.#sets.get(record)
    if (record.ttl === 0) {
      if (known !== undefined) this.#end(known, now)
      return
    }
    // RFC 6762 §10.2. The cache-flush bit of a shared PTR record is an error, and would remove all other instances.
    if (record.unique && record.type !== 'PTR') this.#flush(record, now)
    const entry = this.#entryOf(record, isLocal, known?.family === 4 ? 4 : family, now)
    if (!this.#sets.put(entry)) return
    this.#setAlarm(entry)
    if (known === undefined) this.#options.onAdded(record)
  }

  has(record: Resource): boolean {
    return this.#sets.get(record) !== undefined
  }

  /** The records of a name and type. */
  get(name: string, type: RecordType): Resource[] {
    return this.#entries(name, type).map(({ record }) => record)
  }

  /** The last received record of a name and type. There are several only while one replaces another. */
  latest(name: string, type: RecordType): Resource | null {
    let last: Entry | null = null
    for (const one of this.#sets.of(setOf(name, type))) {
      if (last === null || one.receivedAt >= last.receivedAt) last = one
    }
    return last?.record ?? null
  }

  /** Whether a record was last received from this machine. */
  isLocal(record: Resource): boolean {
    return this.#sets.get(record)?.isLocal ?? false
  }

  /** Milliseconds since a record of a name and type was last received; infinity if there is none. */
  ageMs(name: string, type: RecordType): number {
    const now = this.#options.clock.now()
    return Math.min(...this.#entries(name, type).map(({ receivedAt }) => now - receivedAt))
  }

  /** The known answers of a question, with their remaining TTL (RFC 6762 §7.1); the first if there are too many. */
  knownAnswers(name: string, type: RecordType): Resource[] {
    const now = this.#options.clock.now()
    return this.#entries(name, type)
      .filter((entry) => isKnownAnswer(entry, now))
      .slice(0, this.#limits.maxKnownAnswers)
      .map(({ record, expiresAt }) => ({ ...record, ttl: Math.floor((expiresAt - now) / 1000), unique: false }))
  }

  /** Whether a query of ours would have a record among its known answers. */
  isKnownAnswer(record: Resource): boolean {
    const entry = this.#sets.get(record)
    return entry !== undefined && isKnownAnswer(entry, this.#options.clock.now())
  }

  /**
   * Another host has asked a question by multicast, with its known answers. A record that does not answer two questions
   * over its family within ten seconds expires (RFC 6762 §10.4). Questions within a second count as one. A record that
   * was received less than a second ago is not expected again (§6).
   */
  onQuestion(question: Question, known: ReadonlySet<string>, family: Family = 4): void {
    const now = this.#options.clock.now()
    for (const set of setsOf(question)) {
      const asked = `${set} ${family}`
      if (!this.#sets.has(set) || now - (this.#askedAt.get(asked) ?? Number.NEGATIVE_INFINITY) < GRACE_MS) continue
      this.#askedAt.set(asked, now)
      for (const entry of this.#sets.of(set)) if (entry.family === family) this.#onUnanswered(entry, known, now)
    }
  }

  #onUnanswered(entry: Entry, known: ReadonlySet<string>, now: number): void {
    if (known.has(entry.record.key) || now - entry.receivedAt < GRACE_MS) return
    entry.unanswered++
    if (entry.unanswered === 1) entry.unansweredSince = now
    if (entry.unanswered < UNANSWERED) return
    entry.expiresAt = Math.min(entry.expiresAt, entry.unansweredSince + UNANSWERED_MS)
    this.#setAlarm(entry)
  }

  /** Lets every record expire that is not received again within `ms` milliseconds, because it may be obsolete. */
  doubt(ms: number): void {
    const end = this.#options.clock.now() + ms
    for (const entry of this.#sets.all()) {
      entry.expiresAt = Math.min(entry.expiresAt, end)
      entry.refreshAt = Number.POSITIVE_INFINITY
      this.#setAlarm(entry)
    }
  }

  /** Removes some records, and calls `onRemoved` for each. */
  forget(picks: (record: Resource) => boolean): void {
    const picked = this.#sets.all().filter(({ record }) => picks(record))
    for (const { record } of picked) this.#remove(record)
    for (const { record } of picked) this.#options.onRemoved(record)
  }

  /** Removes all records, without calling `onRemoved`. */
  clear(): void {
    this.#alarm.stop()
    this.#sets.clear()
    this.#askedAt.clear()
  }

  #entryOf(record: Resource, isLocal: boolean, family: Family, now: number): Entry {
    const lifetimeMs = Math.min(record.ttl, this.#limits.maxTtl) * 1000
    const entry = {
      record,
      isLocal,
      family,
      receivedAt: now,
      lifetimeMs,
      expiresAt: now + lifetimeMs,
      refreshAt: Number.POSITIVE_INFINITY,
      refreshes: 0,
      unanswered: 0,
      unansweredSince: 0
    }
    this.#planRefresh(entry)
    return entry
  }

  #planRefresh(entry: Entry): void {
    const part = REFRESH_AT[entry.refreshes]
    const { clock, isOfInterest } = this.#options
    entry.refreshAt =
      part === undefined || !isOfInterest(entry.record)
        ? Number.POSITIVE_INFINITY
        : entry.receivedAt + (part + clock.random() * REFRESH_SPREAD) * entry.lifetimeMs
  }

  /** Lets the other records of a set expire in a second, except those that were received within the last second. */
  #flush(record: Resource, now: number): void {
    for (const entry of this.#sets.of(record.set)) {
      if (entry.record.key !== record.key && entry.receivedAt < now - GRACE_MS) this.#end(entry, now)
    }
  }

  #end(entry: Entry, now: number): void {
    entry.expiresAt = Math.min(entry.expiresAt, now + GRACE_MS)
    this.#setAlarm(entry)
  }

  #setAlarm({ expiresAt, refreshAt }: Entry): void {
    const soonest = this.#options.clock.now() + CHECK_EVERY_MS
    this.#alarm.setTo(Math.max(Math.min(expiresAt, refreshAt), soonest))
  }

  readonly #onDue = (): void => {
    const now = this.#options.clock.now()
    const ended: Entry[] = []
    let nextAt = Number.POSITIVE_INFINITY
    const refreshed = new Map<string, Set<Family>>()
    for (const entry of this.#sets.all()) {
      if (entry.expiresAt <= now) {
        if (ended.length < MAX_ENDED) ended.push(entry)
        else nextAt = now
        continue
      }
      if (entry.refreshAt <= now) {
        entry.refreshes++
        this.#planRefresh(entry)
        const { name } = entry.record
        const families = entry.refreshes > 1 ? BOTH : [entry.family]
        refreshed.set(name, new Set([...(refreshed.get(name) ?? []), ...families]))
      }
      nextAt = Math.min(nextAt, entry.expiresAt, entry.refreshAt)
    }
    // At infinity, `setTo` has no effect.
    this.#alarm.setTo(Math.max(nextAt, now + CHECK_EVERY_MS))
    for (const { record } of ended) this.#remove(record)
    for (const { record } of ended) this.#options.onRemoved(record)
    for (const [name, families] of refreshed) this.#options.onRefresh(name, families)
  }

  #remove(record: Resource): void {
    this.#sets.delete(record)
    if (this.#sets.has(record.set)) return
    for (const family of BOTH) this.#askedAt.delete(`${record.set} ${family}`)
  }

  #entries(name: string, type: RecordType): Entry[] {
    return [...this.#sets.of(setOf(name, type))]
  }
}

/** The sets of records that a question is for. */
function setsOf({ name, type }: Question): string[] {
  if (type === 'other') return []
  const types: readonly RecordType[] = type === 'ANY' ? ['A', 'AAAA', 'PTR', 'SRV', 'TXT'] : [type]
  return types.map((one) => setOf(name, one))
}

function isKnownAnswer({ expiresAt, lifetimeMs }: Entry, now: number): boolean {
  return expiresAt - now >= lifetimeMs / 2
}
