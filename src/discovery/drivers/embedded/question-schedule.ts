import type { Clock, Span } from './clock.js'
import { randomMs } from './clock.js'

/** When a question is asked again and again (RFC 6762 §5.2). */
export interface QuestionTimes {
  /** The wait before the first question: many hosts may start at the same moment. */
  readonly first: Span
  /** The first interval; each later one is twice as long. */
  readonly intervalMs: number
  readonly longestMs: number
  /** The first question waits until others have been silent for so long: what they announce may answer it. */
  readonly silenceMs: number
  /** But no longer than this. */
  readonly mostSilenceMs: number
}

export const QUESTION_TIMES: QuestionTimes = {
  first: { leastMs: 20, mostMs: 120 },
  intervalMs: 1000,
  longestMs: 3_600_000,
  silenceMs: 100,
  mostSilenceMs: 1000
}

/** The part of an interval before its end in which another host's question takes the place of our own. */
const PLANNED = 1 / 4

/** When one question is asked next. */
export class QuestionSchedule {
  readonly #times: QuestionTimes
  readonly #clock: Clock
  #nextAt: number
  #intervalMs: number
  #lastAt = Number.NEGATIVE_INFINITY
  /** Until then the first question may be put off. */
  #putOffUntil: number

  constructor(clock: Clock, times: QuestionTimes) {
    this.#clock = clock
    this.#times = times
    this.#nextAt = clock.now() + randomMs(clock, times.first)
    this.#putOffUntil = this.#nextAt + times.mostSilenceMs
    this.#intervalMs = times.intervalMs
  }

  /** A time of the clock. */
  get nextAt(): number {
    return this.#nextAt
  }

  /** Whether it was asked, by whomever, in the last so many milliseconds. */
  wasAskedWithin(ms: number): boolean {
    return this.#clock.now() - this.#lastAt < ms
  }

  /**
   * Puts the first question off where others have said something of late: while many hosts start together they announce themselves
   * one after the other, and each question in between would have known answers of its own, so that none took the place of another
   * (RFC 6762 §7.3).
   *
   * @param receivedAt when others were heard last
   * @returns whether it was put off
   */
  waitsForSilence(receivedAt: number): boolean {
    const now = this.#clock.now()
    const isFirst = this.#lastAt === Number.NEGATIVE_INFINITY
    if (!isFirst || now - receivedAt >= this.#times.silenceMs || now >= this.#putOffUntil) return false
    this.#nextAt = Math.min(now + randomMs(this.#clock, this.#times.first), this.#putOffUntil)
    return true
  }

  /** It is asked now, as planned. */
  asked(): void {
    this.#lastAt = this.#clock.now()
    this.#nextAt = this.#lastAt + this.#intervalMs
    this.#intervalMs = Math.min(this.#intervalMs * 2, this.#times.longestMs)
  }

  /** It is asked now, beside the plan. */
  askedBetween(): void {
    this.#lastAt = this.#clock.now()
  }

  /** Another host asks it now, and its answers come to us as well: counts as our own where that is about to come (RFC 6762 §7.3). */
  onDuplicate(): void {
    if (this.#nextAt - this.#clock.now() > this.#intervalMs * PLANNED) return this.askedBetween()
    this.asked()
    // Otherwise all that have heard it would ask again in the same instant.
    this.#nextAt += randomMs(this.#clock, this.#times.first)
  }

  /** Begins anew, as for a link on which nobody has asked before. */
  restart(): void {
    this.#intervalMs = this.#times.intervalMs
    this.#nextAt = this.#clock.now() + randomMs(this.#clock, this.#times.first)
  }
}
