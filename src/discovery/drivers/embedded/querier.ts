import { Alarm, type Clock } from './clock.js'
import { type Message, queriesWith } from './messages.js'
import type { OwnRecords } from './own-records.js'
import { QUESTION_TIMES, QuestionSchedule, type QuestionTimes } from './question-schedule.js'
import { keyOf, type Question } from './questions.js'
import type { Resource } from './records.js'
import type { RemoteRecords } from './remote-records.js'

/** Questions that are due within this many milliseconds of each other are asked in one message (RFC 6762 §5.3). */
const TOGETHER_MS = 20
/** Milliseconds after a question, ours or another host's, in which it is not repeated to refresh records. */
const AWAITED_MS = 1000

export interface QuerierOptions {
  readonly clock: Clock
  /** The records of other hosts on the interface. */
  readonly remote: Pick<RemoteRecords, 'cache' | 'lastAt'>
  /** The records of this process, which no answer has to contain. */
  readonly own: Pick<OwnRecords, 'has'>
  readonly times?: QuestionTimes
  /** Sends by multicast. */
  readonly send: (message: Buffer) => void
}

/** A question that is asked repeatedly, with the number of its users. */
interface Asked {
  readonly question: Question
  readonly schedule: QuestionSchedule
  users: number
}

/**
 * Asks questions on one link for as long as a service browses (RFC 6762 §5.2). The QU bit is never set: the sockets
 * receive no unicast, and a daemon on the same host would receive the answer (§5.4, §15.1).
 */
export class Querier {
  readonly #options: QuerierOptions
  readonly #times: QuestionTimes
  /** By {@link keyOf}. */
  readonly #asked = new Map<string, Asked>()
  readonly #alarm: Alarm

  constructor(options: QuerierOptions) {
    this.#options = options
    this.#times = options.times ?? QUESTION_TIMES
    this.#alarm = new Alarm(options.clock, this.#onDue)
  }

  /** Asks for the instances of a service type until {@link stop} has been called as often. */
  browse(name: string): void {
    const question = pointerTo(name)
    const key = keyOf(question)
    const asked = this.#asked.get(key)
    if (asked !== undefined) {
      asked.users++
      return
    }
    const schedule = new QuestionSchedule(this.#options.clock, this.#times)
    this.#asked.set(key, { question, schedule, users: 1 })
    this.#alarm.setTo(schedule.nextAt)
  }

  /** Ends one {@link browse}. */
  stop(name: string): void {
    const key = keyOf(pointerTo(name))
    const asked = this.#asked.get(key)
    if (asked === undefined || --asked.users > 0) return
    this.#asked.delete(key)
    if (this.#asked.size === 0) this.#alarm.stop()
  }

  /** Asks for all records of some names, once and at once. */
  ask(...names: readonly string[]): void {
    this.#send(names.map((name) => ({ name, type: 'ANY', unicast: false })))
  }

  /** Asks for browsed records that are about to expire, unless the question was asked a moment ago. */
  refresh(name: string): void {
    const asked = this.#asked.get(keyOf(pointerTo(name)))
    if (asked === undefined || asked.schedule.wasAskedWithin(AWAITED_MS)) return
    asked.schedule.askedBetween()
    this.#send([asked.question])
  }

  /**
   * Suppresses our own question if another host has asked it by multicast (RFC 6762 §7.3). The query must come from
   * port 5353, without the TC and QU bits, and contain only known answers that are known here as well.
   */
  onQuery({ questions, answers }: Message): void {
    for (const question of questions) {
      const asked = question.unicast ? undefined : this.#asked.get(keyOf(question))
      if (asked === undefined) continue
      const { remote, own } = this.#options
      const isKnown = (record: Resource) =>
        record.set !== keyOf(question) || own.has(record) || remote.cache.isKnownAnswer(record)
      if (answers.every(isKnown)) asked.schedule.onDuplicate()
    }
  }

  /** Asks all questions again, because other hosts may have been unreachable. */
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
    const { clock, remote } = this.#options
    const soon = clock.now() + TOGETHER_MS
    const due = [...this.#asked.values()].filter(
      ({ schedule }) => schedule.nextAt <= soon && !schedule.waitsForSilence(remote.lastAt)
    )
    for (const { schedule } of due) schedule.asked()
    if (due.length > 0) this.#send(due.map(({ question }) => question))
    for (const { schedule } of this.#asked.values()) this.#alarm.setTo(schedule.nextAt)
  }

  #send(questions: readonly Question[]): void {
    const known = questions.flatMap((question) => this.#knownAnswers(question))
    for (const message of queriesWith(questions, known)) this.#options.send(message)
  }

  #knownAnswers({ name, type }: Question): Resource[] {
    return type === 'PTR' ? this.#options.remote.cache.knownAnswers(name, type) : []
  }
}

/** The question for the instances of a service type. */
function pointerTo(name: string): Question {
  return { name, type: 'PTR', unicast: false }
}
