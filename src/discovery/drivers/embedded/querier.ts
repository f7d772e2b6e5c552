import type { Cache } from './cache.js'
import { Alarm, type Clock } from './clock.js'
import { type Message, queriesWith } from './messages.js'
import { QUESTION_TIMES, QuestionSchedule, type QuestionTimes } from './question-schedule.js'
import { keyOf, type Question } from './questions.js'
import type { RecordType, Resource } from './records.js'

/** Questions that are due within so many milliseconds are asked in one message (RFC 6762 §5.3). */
const TOGETHER_MS = 20
/** Milliseconds after a question, ours or another's, in which its answers are awaited before it is asked for a refresh. */
const AWAITED_MS = 1000

export interface QuerierOptions {
  readonly clock: Clock
  readonly cache: Cache
  readonly times?: QuestionTimes
  /** Sends by multicast. */
  readonly send: (message: Buffer) => void
}

/**
 * Asks on one link, for as long as somebody browses (RFC 6762 §5.2). Never with the QU bit: the sockets take no unicast, and a
 * daemon on the same host would get the answer (§5.4, §15.1).
 */
export class Querier {
  readonly #options: QuerierOptions
  readonly #times: QuestionTimes
  /** By what is alike for the same question. */
  readonly #asked = new Map<string, { readonly question: Question; readonly schedule: QuestionSchedule }>()
  readonly #alarm: Alarm

  constructor(options: QuerierOptions) {
    this.#options = options
    this.#times = options.times ?? QUESTION_TIMES
    this.#alarm = new Alarm(options.clock, this.#onDue)
  }

  /** Asks a question from now on. Idempotent. */
  browse(name: string): void {
    const question = { name, type: 'PTR', unicast: false } as const
    const key = keyOf(question)
    if (this.#asked.has(key)) return
    const schedule = new QuestionSchedule(this.#options.clock, this.#times)
    this.#asked.set(key, { question, schedule })
    this.#alarm.setTo(schedule.nextAt)
  }

  /** Asks it no longer. Idempotent. */
  stop(name: string): void {
    this.#asked.delete(keyOf({ name, type: 'PTR', unicast: false }))
    if (this.#asked.size === 0) this.#alarm.stop()
  }

  isBrowsed(record: Resource): boolean {
    return record.type === 'PTR' && this.#asked.has(record.set)
  }

  /** Asks for all records of some names, once, now: as one does who is about to use them. */
  ask(...names: readonly string[]): void {
    this.#send(names.map((name) => ({ name, type: 'ANY', unicast: false })))
  }

  /** Records that are browsed are about to end: asks for them, unless that was done a moment ago. */
  refresh(name: string, type: RecordType): void {
    const asked = this.#asked.get(keyOf({ name, type, unicast: false }))
    if (asked === undefined || asked.schedule.wasAskedWithin(AWAITED_MS)) return
    asked.schedule.askedBetween()
    this.#send([asked.question])
  }

  /**
   * Another host asks, from port 5353 and with nothing more to follow. Where it knows no answer that we do not know, the answers
   * to it are all that we would get: our own question counts as asked (RFC 6762 §7.3). One that wants its answer by unicast does not.
   */
  onQuery({ questions, answers }: Message): void {
    for (const question of questions) {
      const asked = question.unicast ? undefined : this.#asked.get(keyOf(question))
      if (asked === undefined) continue
      const { cache } = this.#options
      const isKnown = (record: Resource) => record.set !== keyOf(question) || cache.isKnownAnswer(record)
      if (answers.every(isKnown)) asked.schedule.heard()
    }
  }

  /** Asks everything anew: others may have been out of reach. */
  restart(): void {
    for (const { schedule } of this.#asked.values()) {
      schedule.restart()
      this.#alarm.setTo(schedule.nextAt)
    }
  }

  close(): void {
    this.#alarm.stop()
    this.#asked.clear()
  }

  readonly #onDue = (): void => {
    const soon = this.#options.clock.now() + TOGETHER_MS
    const due = [...this.#asked.values()].filter(({ schedule }) => schedule.nextAt <= soon)
    for (const { schedule } of due) schedule.asked()
    if (due.length > 0) this.#send(due.map(({ question }) => question))
    for (const { schedule } of this.#asked.values()) this.#alarm.setTo(schedule.nextAt)
  }

  #send(questions: readonly Question[]): void {
    const known = questions.flatMap((question) => this.#knownAnswers(question))
    for (const message of queriesWith(questions, known)) this.#options.send(message)
  }

  #knownAnswers({ name, type }: Question): Resource[] {
    return type === 'PTR' ? this.#options.cache.knownAnswers(name, type) : []
  }
}
