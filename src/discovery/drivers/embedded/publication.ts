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

/** Where a service's records stand on one link. Each variant owns what is in it; {@link Publication} alone changes it. */
type State =
  | { readonly kind: 'probing'; readonly prober: Prober }
  /** They were announced at least once; `cancel` takes back what is still to come. */
  | { readonly kind: 'announced'; readonly cancel: () => void }
  | { readonly kind: 'closed' }

export interface PublicationOptions {
  readonly clock: Clock
  readonly own: OwnRecords
  readonly outbox: Outbox
  readonly records: readonly Resource[]
  /** Whether the names may be taken. Those with random bits in them are not: a conflict over one is false. */
  readonly probe: boolean
  readonly probeTimes?: ProbeTimes
  /** Sends by multicast. */
  readonly send: (message: Buffer) => void
  /** Whether this process has announced a record on any link: heard on another one it is no conflict (RFC 6762 §14). */
  readonly isOurs: (record: Resource) => boolean
  /** The records are announced on this link. From the event loop, at most once. */
  readonly onAnnounced: () => void
  /** Another host has one of the names, which were chosen. From the event loop; nothing follows. */
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
    // RFC 6762 §9: whose name it is, is found out anew.
    if (this.#options.probe) return this.#probeAgain()
    for (const record of contested) this.#options.outbox.send(record, 0, 'defence')
  }

  /** Other records in place of those so far (RFC 6762 §8.4): what is left out is withdrawn, and all is announced anew. */
  update(records: readonly Resource[]): void {
    const kept = new Set(records.map(({ key }) => key))
    const dropped = this.#records.filter(({ key }) => !kept.has(key))
    this.#records = records
    if (this.#state.kind === 'probing') return this.#probe()
    if (this.#state.kind === 'closed') return
    this.#withdraw(dropped)
    this.#announce()
  }

  /** Announces anew, as where others may not have heard it: not before probing is over. */
  announceAgain(): void {
    if (this.#state.kind === 'announced') this.#announce()
  }

  /** Says goodbye, where it was announced. Idempotent. */
  close(): void {
    const { kind } = this.#state
    this.#enter({ kind: 'closed' })
    if (kind === 'announced') this.#withdraw(this.#records)
  }

  /** The link is gone: nothing can be sent. */
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

  /** A goodbye (RFC 6762 §10.1) for what no other service of this process has; not for the service type, which other processes share (§6.6). */
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

/** Whether another record of the same name and type says something else, which cannot be where all are one host's (RFC 6762 §9). */
function isConflict(ours: Resource, theirs: Resource): boolean {
  return ours.unique && theirs.ttl > 0 && ours.set === theirs.set && ours.key !== theirs.key
}
