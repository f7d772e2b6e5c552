import { PORT } from '../../../net/multicast-dns.js'
import { TokenBucket } from '../../../token-bucket.js'
import { type Clock, randomMs, type Span } from './clock.js'
import { type Group, legacyResponse, type Message, responsesWith } from './messages.js'
import type { Outbox } from './outbox.js'
import type { OwnRecords } from './own-records.js'
import type { Question } from './questions.js'
import type { Resource } from './records.js'

/** The wait before an answer that other hosts may give as well: random, so that they differ (RFC 6762 §6). */
const SHARED = { leastMs: 20, mostMs: 120 }
/** The wait if more known answers follow (RFC 6762 §7.2). */
const MORE_FOLLOWS = { leastMs: 400, mostMs: 500 }
/** The wait before a shared answer after that: none, because the former wait was random as well. */
const AT_ONCE = { leastMs: 0, mostMs: 0 }
/** A record that was multicast within this part of its TTL is sent by unicast only if requested (RFC 6762 §5.4). */
const RECENT = 1 / 4
/** The most queries that wait for more known answers, and the most extensions of a wait. Others are not held. */
const [MAX_HELD, MAX_EXTENSIONS] = [64, 8]
/** The rate of unicast responses on one link: the source address of a query may be forged. */
const UNICAST = { perSecond: 200, burst: 400 }

/** Where a message came from. */
export interface Sender {
  readonly address: string
  readonly port: number
  /** Whether the address is on the link, so that it may be answered (RFC 6762 §11). */
  readonly isOnLink: boolean
}

export interface ResponderOptions {
  readonly clock: Clock
  readonly own: OwnRecords
  readonly outbox: Outbox
  /** Sends to one address. */
  readonly reply: (message: Buffer, to: Sender) => void
}

/** A query that waits for further known answers. */
interface Held {
  readonly queries: Message[]
  readonly sender: Sender
  cancel: () => void
  extensions: number
}

/** The cached response to a legacy query. */
interface LegacyAnswer {
  /** The version of our records from which it was made. */
  readonly version: number
  /** Null if there is no answer. */
  readonly message: Buffer | null
}

/** Answers questions on one link (RFC 6762 §6). */
export class Responder {
  readonly #options: ResponderOptions
  /** The waiting queries by sender address, which the packets with further known answers share. */
  readonly #held = new Map<string, Held>()
  readonly #unicast: TokenBucket
  /** The responses to legacy queries, of which those with the same bytes are the same object. */
  readonly #legacy = new WeakMap<Message, LegacyAnswer>()

  constructor(options: ResponderOptions) {
    this.#options = options
    this.#unicast = new TokenBucket(UNICAST, () => options.clock.now())
  }

  onQuery(query: Message, sender: Sender): void {
    if (sender.port !== PORT) return this.#answerLegacy(query, sender)
    const held = this.#held.get(sender.address)
    if (held !== undefined) return this.#onMore(held, query)
    if (query.truncated && query.questions.length > 0 && this.#held.size < MAX_HELD) return this.#hold(query, sender)
    this.#answer([query], sender, SHARED)
  }

  /**
   * Compares the records of another responder with ours: suppresses our answer, or corrects a TTL that is too short.
   */
  onResponse(records: readonly Resource[]): void {
    const { own, outbox } = this.#options
    for (const theirs of records) {
      const ours = own.get(theirs)
      if (ours === null) continue
      // RFC 6762 §7.4: the same record with at least our TTL. §6.6: one with less than half of it, such as a goodbye.
      if (theirs.ttl >= ours.ttl) outbox.suppress(ours)
      else if (theirs.ttl < ours.ttl / 2) outbox.send(ours, 0, 'defence')
    }
  }

  close(): void {
    for (const { cancel } of this.#held.values()) cancel()
    this.#held.clear()
  }

  #hold(query: Message, sender: Sender): void {
    const held: Held = { queries: [query], sender, cancel: () => {}, extensions: 0 }
    this.#held.set(sender.address, held)
    this.#extend(held)
  }

  #onMore(held: Held, query: Message): void {
    held.queries.push(query)
    held.extensions++
    if (query.truncated && held.extensions < MAX_EXTENSIONS) this.#extend(held)
    else if (held.extensions >= MAX_EXTENSIONS) this.#release(held)
  }

  #extend(held: Held): void {
    held.cancel()
    const { clock } = this.#options
    held.cancel = clock.after(randomMs(clock, MORE_FOLLOWS), () => this.#release(held))
  }

  #release(held: Held): void {
    held.cancel()
    this.#held.delete(held.sender.address)
    this.#answer(held.queries, held.sender, AT_ONCE)
  }

  /**
   * Answers one query, which may consist of several messages.
   *
   * @param shared the wait before answers that other hosts may give as well
   */
  #answer(queries: readonly Message[], sender: Sender, shared: Span): void {
    const { clock, outbox } = this.#options
    const questions = queries.flatMap((query) => query.questions)
    const isProbe = queries.some((query) => query.authorities.length > 0)
    const known = queries.flatMap((query) => query.answers)
    const byUnicast = new Map<string, Resource>()
    const byMulticast = new Map<string, Resource>()
    for (const question of questions) {
      for (const record of this.#unknown(question, known)) {
        const isEnough = question.unicast && sender.isOnLink && this.#wasSentLately(record)
        ;(isEnough ? byUnicast : byMulticast).set(record.key, record)
        // RFC 6762 §5.4: also by multicast if that was not done recently.
        if (question.unicast && sender.isOnLink) byUnicast.set(record.key, record)
      }
    }
    if (byUnicast.size > 0) this.#reply([...byUnicast.values()], sender)
    // RFC 6762 §6, §6.3: at once if all answers are unique to us.
    const isAtOnce = [...byMulticast.values()].every(({ unique }) => unique)
    const afterMs = isAtOnce ? 0 : randomMs(clock, shared)
    for (const record of byMulticast.values()) {
      outbox.send(record, afterMs, isProbe && record.unique ? 'defence' : 'answer')
    }
  }

  /**
   * Our answers to a question, without those that the querier knows with at least half of their TTL (RFC 6762 §7.1).
   */
  #unknown(question: Question, known: readonly Resource[]): Resource[] {
    return this.#options.own
      .answersTo(question)
      .filter((record) => !known.some(({ key, ttl }) => key === record.key && ttl >= record.ttl / 2))
  }

  #wasSentLately(record: Resource): boolean {
    const { clock, outbox } = this.#options
    return clock.now() - outbox.sentAt(record) < record.ttl * 1000 * RECENT
  }

  #reply(records: readonly Resource[], sender: Sender): void {
    if (!this.#mayReply()) return
    const given = new Set(records.map(({ key }) => key))
    const additionals = records
      .flatMap((record) => this.#options.own.additionalsTo(record))
      .filter(({ key }) => !given.has(key))
    const each = new Map(additionals.map((record) => [record.key, record]))
    for (const message of responsesWith(records, [...each.values()])) this.#options.reply(message, sender)
  }

  /** Answers a legacy query: one from another port than 5353 (RFC 6762 §6.7). */
  #answerLegacy(query: Message, sender: Sender): void {
    if (!sender.isOnLink) return
    const answer = this.#legacyAnswer(query)
    if (answer !== null && this.#mayReply()) this.#options.reply(answer, sender)
  }

  #legacyAnswer(query: Message): Buffer | null {
    const { version } = this.#options.own
    const given = this.#legacy.get(query)
    if (given?.version === version) return given.message
    const message = this.#newLegacyAnswer(query)
    this.#legacy.set(query, { version, message })
    return message
  }

  #newLegacyAnswer(query: Message): Buffer | null {
    const { own } = this.#options
    // No answer for a question of a type that is not supported, because the response could not repeat the question.
    if (query.questions.some(({ type }) => type === 'other')) return null
    const groups = new Map<string, Group>()
    for (const question of query.questions) {
      for (const answer of this.#unknown(question, query.answers)) {
        groups.set(answer.key, { answer, additionals: own.additionalsTo(answer) })
      }
    }
    return groups.size === 0 ? null : legacyResponse(query, [...groups.values()])
  }

  #mayReply(): boolean {
    if (this.#unicast.tokens < 1) return false
    this.#unicast.take()
    return true
  }
}
