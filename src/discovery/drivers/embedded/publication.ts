import type { Clock } from './clock.js'
import { type Message, responsesWith } from './messages.js'
import type { Outbox } from './outbox.js'
import type { OwnRecords } from './own-records.js'
import { Prober, type ProbeTimes } from './prober.js'
import { isSameName, type Resource, withTtl } from './records.js'

/** The name under which service types are listed (RFC 6763 §9). */
export const SERVICE_TYPES = '_services._dns-sd._udp.local'

/** Milliseconds between the two announcements (RFC 6762 §8.3). */
const BETWEEN_MS = 1000

/** The state of a service's records on one link. Each variant owns what it contains. */
type State =
  | { readonly kind: 'probing'; readonly prober: Prober }
  /** The records were announced at least once; `cancel` cancels the second announcement. */
  | { readonly kind: 'announced'; readonly cancel: () => void }
  | { readonly kind: 'closed' }

export interface PublicationOptions {
  readonly clock: Clock
  readonly own: OwnRecords
  readonly outbox: Outbox
  readonly records: readonly Resource[]
  /** Whether the names were chosen and may be taken. Random names cannot be taken, so a conflict over one is bogus. */
  readonly probe: boolean
  readonly probeTimes?: ProbeTimes
  /** Sends by multicast. */
  readonly send: (message: Buffer) => void
  /**
   * Whether this process has announced a record on any link: received on another one, it is no conflict (RFC 6762 §14).
   */
  readonly isOurs: (record: Resource) => boolean
  /** The records are announced on this link. Called at most once, from the event loop. */
  readonly onAnnounced: () => void
  /** Another host has one of the chosen names. Called from the event loop; nothing is called after it. */
  readonly onConflict: () => void
}

/** The records of one service on one link: from the probes to the goodbye (RFC 6762 §8, §9, §10.1). */
export class Publication {
  readonly #options: PublicationOptions
  #records: readonly Resource[]
  #state: State = { kind: 'closed' }
  #isReported = false

  constructor(options: PublicationOptions) {
    this.#options = options
    this.#records = options.records
    if (options.probe) this.#probe()
    else this.#announce()
  }

  onQuery(query: Message): void {
    if (this.#state.kind === 'probing') this.#state.prober.onQuery(query)
  }

  onResponse(records: readonly Resource[]): void {
    const { kind } = this.#state
    if (kind === 'closed') return
    const isOther = (record: Resource) => !this.#options.isOurs(record)
    if (this.#state.kind === 'probing') return this.#state.prober.onResponse(records.filter(isOther))
    const isContested = (ours: Resource) => records.some((theirs) => isConflict(ours, theirs) && isOther(theirs))
    const contested = this.#records.filter(isContested)
    if (contested.length === 0) return
    // RFC 6762 §9: a conflicting name is probed again.
    if (this.#options.probe) return this.#probeAgain()
    for (const record of contested) this.#options.outbox.send(record, 0, 'defence')
  }

  /** Replaces the records: sends goodbyes for those left out, and announces the new set (RFC 6762 §8.4). */
  update(records: readonly Resource[]): void {
    const kept = new Set(records.map(({ key }) => key))
    const dropped = this.#records.filter(({ key }) => !kept.has(key))
    this.#records = records
    if (this.#state.kind === 'probing') return this.#probe()
    if (this.#state.kind === 'closed') return
    this.#withdraw(dropped)
    this.#options.outbox.forgetNegatives(records)
    this.#announce()
  }

  /** Announces the records again, because other hosts may have missed them. Has no effect while probing. */
  announceAgain(): void {
    if (this.#state.kind === 'announced') this.#announce()
  }

  /** Sends goodbyes if the records were announced. Idempotent. */
  close(): void {
    const { kind } = this.#state
    this.#enter({ kind: 'closed' })
    if (kind === 'announced') this.#withdraw(this.#records)
  }

  /** Ends the publication without goodbyes. */
  drop(): void {
    this.#enter({ kind: 'closed' })
    this.#forget(this.#records)
  }

  #probe(): void {
    const { clock, send, probeTimes: times } = this.#options
    const prober = new Prober({
      clock,
      send,
      records: this.#records.filter(({ unique }) => unique),
      ...(times === undefined ? {} : { times }),
      onFree: () => this.#announce(),
      onTaken: () => {
        this.#enter({ kind: 'closed' })
        clock.after(0, this.#options.onConflict)
      }
    })
    this.#enter({ kind: 'probing', prober })
  }

  #probeAgain(): void {
    this.#forget(this.#records)
    this.#probe()
  }

  #announce(): void {
    const { clock, own, outbox } = this.#options
    own.add(this, this.#records)
    const announce = () => {
      for (const record of this.#records) outbox.send(record, 0, 'announcement')
    }
    announce()
    this.#enter({ kind: 'announced', cancel: clock.after(BETWEEN_MS, announce) })
    clock.after(0, this.#reportAnnounced)
  }

  readonly #reportAnnounced = (): void => {
    if (this.#state.kind !== 'announced' || this.#isReported) return
    this.#isReported = true
    this.#options.onAnnounced()
  }

  /**
   * Sends goodbyes (RFC 6762 §10.1) for records that no other service of this process has, except for the service type,
   * which other processes share (§6.6).
   */
  #withdraw(records: readonly Resource[]): void {
    const gone = this.#forget(records).filter(({ name }) => !isSameName(name, SERVICE_TYPES))
    const goodbyes = gone.map((record) => withTtl(record, 0))
    for (const message of responsesWith(goodbyes, [])) this.#options.send(message)
  }

  #forget(records: readonly Resource[]): Resource[] {
    const gone = this.#options.own.remove(this, records)
    this.#options.outbox.forget(gone)
    return gone
  }

  #enter(state: State): void {
    if (this.#state.kind === 'probing') this.#state.prober.close()
    if (this.#state.kind === 'announced') this.#state.cancel()
    this.#state = state
  }
}

/**
 * Whether a received record conflicts with a unique one of ours: the same name and type, but other data (RFC 6762 §9).
 */
function isConflict(ours: Resource, theirs: Resource): boolean {
  return ours.unique && theirs.ttl > 0 && ours.set === theirs.set && ours.key !== theirs.key
}
