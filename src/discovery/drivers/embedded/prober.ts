import { type Clock, randomMs } from './clock.js'
import { type Message, probeFor } from './messages.js'
import { folded, isSameName, type Resource } from './records.js'
import { compareClaims } from './tie-break.js'

/** The times of probing (RFC 6762 §8.1, §8.2). */
export interface ProbeTimes {
  /** The longest wait before the first probe. */
  readonly mostFirstMs: number
  readonly probes: number
  readonly betweenMs: number
  /** The wait after another host that probes at the same time has won the tie-break. */
  readonly deferMs: number
}

export const PROBE_TIMES: ProbeTimes = { mostFirstMs: 250, probes: 3, betweenMs: 250, deferMs: 1000 }

export interface ProberOptions {
  readonly clock: Clock
  /** The unique records to announce. */
  readonly records: readonly Resource[]
  readonly times?: ProbeTimes
  /** Sends by multicast. */
  readonly send: (message: Buffer) => void
  /** No other host has the names. Called once, from the event loop; nothing is called after it. */
  readonly onFree: () => void
  /** Another host has one of the names. Called once, from within {@link Prober.onResponse}; nothing is called after. */
  readonly onTaken: () => void
}

/** Probes a link for names that another host may have (RFC 6762 §8.1). */
export class Prober {
  readonly #options: ProberOptions
  readonly #times: ProbeTimes
  readonly #names: ReadonlySet<string>
  #sent = 0
  #cancel: () => void = () => {}

  constructor(options: ProberOptions) {
    this.#options = options
    this.#times = options.times ?? PROBE_TIMES
    this.#names = new Set(options.records.map(({ name }) => folded(name)))
    this.#after(randomMs(options.clock, { leastMs: 0, mostMs: this.#times.mostFirstMs }), this.#probe)
  }

  /** Any record of one of the names that is not ours means that the name is taken (RFC 6762 §8.1). */
  onResponse(records: readonly Resource[]): void {
    const ours = new Set(this.#options.records.map(({ key }) => key))
    const isTaken = records.some(({ name, key, ttl }) => ttl > 0 && this.#names.has(folded(name)) && !ours.has(key))
    if (!isTaken) return
    this.close()
    this.#options.onTaken()
  }

  /** If a simultaneous probe of another host has later records, probing starts again after a second (RFC 6762 §8.2). */
  onQuery({ questions, authorities }: Message): void {
    if (this.#sent === 0 || authorities.length === 0) return
    const isBehind = questions.some(({ name }) => {
      const theirs = authorities.filter((record) => isSameName(record.name, name))
      const ours = this.#options.records.filter((record) => isSameName(record.name, name))
      return theirs.length > 0 && ours.length > 0 && compareClaims(ours, theirs) < 0
    })
    if (!isBehind) return
    this.#sent = 0
    this.#after(this.#times.deferMs, this.#probe)
  }

  /** Stops probing; nothing is called after it. Idempotent. */
  close(): void {
    this.#cancel()
  }

  readonly #probe = (): void => {
    const { probes, betweenMs } = this.#times
    if (this.#sent === probes) return this.#options.onFree()
    this.#sent++
    this.#after(betweenMs, this.#probe)
    this.#options.send(probeFor(this.#options.records))
  }

  #after(ms: number, step: () => void): void {
    this.#cancel()
    this.#cancel = this.#options.clock.after(ms, step)
  }
}
