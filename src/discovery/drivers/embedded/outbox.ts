import { Alarm, type Clock } from './clock.js'
import { responsesWith } from './messages.js'
import type { OwnRecords } from './own-records.js'
import { type Resource, setOf } from './records.js'

/**
 * Milliseconds before a record is multicast again (RFC 6762 §6): in general, and to defend its name against a probe.
 */
const AGAIN_MS = 1000
const DEFENCE_MS = 250
/** Records that are due within this many milliseconds are sent together with those that are due now (RFC 6762 §6.4). */
const TOGETHER_MS = 100

export interface OutboxOptions {
  readonly clock: Clock
  readonly own: OwnRecords
  /** Sends by multicast. */
  readonly send: (message: Buffer) => void
}

/**
 * Why a record is sent: as an answer, which another host may give as well; to defend it against a probe or a
 * conflicting record; or as part of the announcement of its service (RFC 6762 §8.3).
 */
export type Reason = 'answer' | 'defence' | 'announcement'

/** The records to multicast on one link: each at most once in a second, and many in one message. */
export class Outbox {
  readonly #options: OutboxOptions
  /** The records to send and when they are due, by key. */
  readonly #due = new Map<string, { readonly record: Resource; readonly at: number; readonly reason: Reason }>()
  /** When each of our records was last multicast, by key. */
  readonly #sentAt = new Map<string, number>()
  readonly #alarm: Alarm

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#alarm = new Alarm(options.clock, this.#flush)
  }

  /** Sends a record after `afterMs` milliseconds, or as soon after that as it may be multicast again. */
  send(record: Resource, afterMs: number, reason: Reason): void {
    const now = this.#options.clock.now()
    const last = this.#sentAt.get(record.key) ?? Number.NEGATIVE_INFINITY
    const at = Math.max(now + afterMs, last + (reason === 'defence' ? DEFENCE_MS : AGAIN_MS))
    const due = this.#due.get(record.key)
    const isAnnounced = reason === 'announcement' || due?.reason === 'announcement'
    const soonest = Math.min(at, due?.at ?? at)
    this.#due.set(record.key, { record, at: soonest, reason: isAnnounced ? 'announcement' : reason })
    this.#alarm.setTo(soonest)
  }

  /** Suppresses an answer that another host has just multicast (RFC 6762 §7.4). */
  suppress({ key }: Resource): void {
    const due = this.#due.get(key)
    if (due === undefined || due.reason === 'announcement') return
    this.#due.delete(key)
    this.#sentAt.set(key, this.#options.clock.now())
  }

  /** When a record was last multicast; minus infinity if never. */
  sentAt(record: Resource): number {
    return this.#sentAt.get(record.key) ?? Number.NEGATIVE_INFINITY
  }

  /** Removes records that are no longer ours, and the negative answers for their names (RFC 6762 §6.1). */
  forget(records: readonly Resource[]): void {
    for (const { key } of records) {
      this.#due.delete(key)
      this.#sentAt.delete(key)
    }
    this.forgetNegatives(records)
  }

  /** Removes the negative answers for the names of some records: these names have other records now. */
  forgetNegatives(records: readonly Resource[]): void {
    for (const set of new Set(records.map(({ name }) => `${setOf(name, 'NSEC')} `))) {
      for (const known of [this.#due, this.#sentAt])
        for (const key of known.keys()) if (key.startsWith(set)) known.delete(key)
    }
  }

  /** The number of records whose last time is remembered. */
  get size(): number {
    return this.#sentAt.size
  }

  close(): void {
    this.#alarm.stop()
    this.#due.clear()
  }

  readonly #flush = (): void => {
    const now = this.#options.clock.now()
    const answers: Resource[] = []
    for (const [key, { record, at }] of this.#due) {
      if (at > now + TOGETHER_MS || (at > now && !this.#maySend(record, now))) continue
      this.#due.delete(key)
      answers.push(record)
    }
    const given = new Set(answers.map(({ key }) => key))
    const additionals = new Map<string, Resource>()
    for (const record of answers.flatMap((answer) => this.#options.own.additionalsTo(answer))) {
      if (!given.has(record.key) && this.#maySend(record, now)) additionals.set(record.key, record)
    }
    for (const key of additionals.keys()) if (this.#due.get(key)?.reason !== 'announcement') this.#due.delete(key)
    for (const record of [...answers, ...additionals.values()]) this.#sentAt.set(record.key, now)
    for (const message of responsesWith(answers, [...additionals.values()])) this.#options.send(message)
    for (const { at } of this.#due.values()) this.#alarm.setTo(at)
  }

  #maySend(record: Resource, now: number): boolean {
    return now - this.sentAt(record) >= AGAIN_MS
  }
}
