import { Alarm, type Clock } from './clock.js'
import { responsesWith } from './messages.js'
import type { OwnRecords } from './own-records.js'
import { type Resource, setOf } from './records.js'

/** Milliseconds before a record is sent again by multicast (RFC 6762 §6): for any reason, and as an answer to a probe for its name. */
const AGAIN_MS = 1000
const DEFENCE_MS = 250
/** What is due within so many milliseconds is sent with what is due now (RFC 6762 §6.4). */
const TOGETHER_MS = 100

export interface OutboxOptions {
  readonly clock: Clock
  readonly own: OwnRecords
  /** Sends by multicast. */
  readonly send: (message: Buffer) => void
}

/**
 * Why a record is sent: as an answer, which another host may give as well; against a probe or a record for its name; or because
 * it is announced, with all others of its service (RFC 6762 §8.3).
 */
export type Reason = 'answer' | 'defence' | 'announcement'

/** What this process is about to send by multicast on one link: each record at most once in a second, many in one message. */
export class Outbox {
  readonly #options: OutboxOptions
  /** By key: when it is due. */
  readonly #due = new Map<string, { readonly record: Resource; readonly at: number; readonly reason: Reason }>()
  /** By key: when it was sent last. Records of ours alone. */
  readonly #sentAt = new Map<string, number>()
  readonly #alarm: Alarm

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#alarm = new Alarm(options.clock, this.#flush)
  }

  /**
   * Sends a record so many milliseconds from now, or as soon after that as it may be sent again.
   */
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

  /** Another host has just sent the same record: an answer need not be sent again (RFC 6762 §7.4). */
  suppress({ key }: Resource): void {
    const due = this.#due.get(key)
    if (due === undefined || due.reason === 'announcement') return
    this.#due.delete(key)
    this.#sentAt.set(key, this.#options.clock.now())
  }

  /** When a record was sent last by multicast. */
  sentAt(record: Resource): number {
    return this.#sentAt.get(record.key) ?? Number.NEGATIVE_INFINITY
  }

  /** Forgets records that are ours no longer, and what was said of their names beside them (RFC 6762 §6.1). */
  forget(records: readonly Resource[]): void {
    for (const { key, name } of records) {
      const negative = `${setOf(name, 'NSEC')} `
      for (const known of [this.#due, this.#sentAt]) {
        known.delete(key)
        for (const other of known.keys()) if (other.startsWith(negative)) known.delete(other)
      }
    }
  }

  /** How many records it knows to have been sent. */
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
    for (const record of [...answers, ...additionals.values()]) this.#sentAt.set(record.key, now)
    for (const message of responsesWith(answers, [...additionals.values()])) this.#options.send(message)
    for (const { at } of this.#due.values()) this.#alarm.setTo(at)
  }

  #maySend(record: Resource, now: number): boolean {
    return now - this.sentAt(record) >= AGAIN_MS
  }
}
