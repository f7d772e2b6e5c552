import type { Clock, Span } from './clock.js'
import { randomMs } from './clock.js'

/** The times at which a question is asked repeatedly (RFC 6762 §5.2). */
export interface QuestionTimes {
  /** The wait before the first question. It is random, because many hosts may start at the same time. */
  readonly first: Span
  /** The first interval; each later one is twice as long. */
  readonly intervalMs: number
  readonly longestMs: number
  /** The first question waits until no announcement was received for this long: announcements may answer it. */
  readonly silenceMs: number
  /** The most by which the first question is postponed for that. */
  readonly mostSilenceMs: number
}

export const QUESTION_TIMES: QuestionTimes = {
  first: { leastMs: 20, mostMs: 120 },
  intervalMs: 1000,
  longestMs: 3_600_000,
  silenceMs: 100,
  mostSilenceMs: 1000
}

/** Another host's question suppresses ours if that is due within this part of the following interval. */
const PLANNED = 1 / 4

/** Decides when one question is asked next. */
export class QuestionSchedule {
  readonly #times: QuestionTimes
  readonly #clock: Clock
  #nextAt: number
  #intervalMs: number
  #lastAt = Number.NEGATIVE_INFINITY
  /** The time until which the first question may be postponed. */
  #putOffUntil: number

  constructor(clock: Clock, times: QuestionTimes) {
    this.#clock = clock
    this.#times = times
    this.#nextAt = clock.now() + randomMs(clock, times.first)
    this.#putOffUntil = this.#nextAt + times.mostSilenceMs
    this.#intervalMs = times.intervalMs
  }

  /** When the question is asked next: a time of the clock. */
  get nextAt(): number {
    return this.#nextAt
  }

  /** Whether this or another host asked the question in the last `ms` milliseconds. */
  wasAskedWithin(ms: number): boolean {
    return this.#clock.now() - this.#lastAt < ms
  }

  /**
   * Postpones the first question if an announcement was received recently, and returns whether it did. While many hosts
   * start, their questions would differ in known answers, so that none suppresses another (RFC 6762 §7.3).
   *
   * @param receivedAt when an announcement was last received
   */
  waitsForSilence(receivedAt: number): boolean {
    const now = this.#clock.now()
    const isFirst = this.#lastAt === Number.NEGATIVE_INFINITY
    if (!isFirst || now - receivedAt >= this.#times.silenceMs || now >= this.#putOffUntil) return false
    this.#nextAt = Math.min(now + randomMs(this.#clock, this.#times.first), this.#putOffUntil)
    return true
  }

  /** The question is asked now, as scheduled. */
  asked(): void {
    this.#lastAt = this.#clock.now()
    this.#nextAt = this.#lastAt + this.#intervalMs
    this.#intervalMs = Math.min(this.#intervalMs * 2, this.#times.longestMs)
  }

  /** The question is asked now, in addition to the schedule. */
  askedBetween(): void {
    this.#lastAt = this.#clock.now()
  }

  /** Another host has asked the question by multicast: suppresses our own if that is due soon (RFC 6762 §7.3). */
  onDuplicate(): void {
    if (this.#nextAt - this.#clock.now() > this.#intervalMs * PLANNED) return this.askedBetween()
    this.asked()
    // The random part keeps all hosts that suppressed theirs from asking again at the same time.
    this.#nextAt += randomMs(this.#clock, this.#times.first)
  }

  /** Starts the schedule again with the first interval. */
  restart(): void {
    this.#intervalMs = this.#times.intervalMs
    this.#nextAt = this.#clock.now() + randomMs(this.#clock, this.#times.first)
  }
}
