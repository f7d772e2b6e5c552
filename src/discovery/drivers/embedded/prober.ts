import { type Clock, randomMs } from './clock.js'
import { type Message, probeFor } from './messages.js'
import { folded, isSameName, type Resource } from './records.js'
import { compareClaims } from './tie-break.js'

/** Probing (RFC 6762 §8.1, §8.2). */
export interface ProbeTimes {
  /** The wait before the first probe, the greatest. */
  readonly mostFirstMs: number
  readonly probes: number
  readonly betweenMs: number
  /** The wait after another host that probes for the name at the same time has proved to be first. */
  readonly deferMs: number
}

export const PROBE_TIMES: ProbeTimes = { mostFirstMs: 250, probes: 3, betweenMs: 250, deferMs: 1000 }

export interface ProberOptions {
  readonly clock: Clock
  /** The records that are to be announced, each under a name that is to be ours alone. */
  readonly records: readonly Resource[]
  readonly times?: ProbeTimes
  /** Sends by multicast. */
  readonly send: (message: Buffer) => void
  /** Nobody has the names. From the event loop, once, and nothing after it. */
  readonly onFree: () => void
  /** Another host has one of them. From within {@link Prober.onResponse}, once, and nothing after it. */
  readonly onTaken: () => void
}

/** Asks a link whether a name is taken. */
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

  /** Any record under one of the names, other than ours, says that it is taken (RFC 6762 §8.1). */
  onResponse(records: readonly Resource[]): void {
    const ours = new Set(this.#options.records.map(({ key }) => key))
    const isTaken = records.some(({ name, key, ttl }) => ttl > 0 && this.#names.has(folded(name)) && !ours.has(key))
    if (!isTaken) return
    this.close()
    this.#options.onTaken()
  }

  /** Another host probes for the name as well: the one whose records are the later ones goes on, the other waits a second (RFC 6762 §8.2). */
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

  /** Ends it, untold. Idempotent. */
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
