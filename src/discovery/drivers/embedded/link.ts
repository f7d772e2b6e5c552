import { PORT } from '../../../net/multicast-dns.js'
import { formatTxt, parseTxt, splitTxt } from '../../txt.js'
import { Cache, type CacheLimits } from './cache.js'
import type { Clock } from './clock.js'
import type { Message } from './messages.js'
import { uuidIn } from './names.js'
import { Outbox } from './outbox.js'
import { OwnRecords } from './own-records.js'
import type { ProbeTimes } from './prober.js'
import { Publication, type PublicationOptions } from './publication.js'
import { Querier } from './querier.js'
import type { QuestionTimes } from './question-schedule.js'
import { folded, isSameName, type RecordType, type Resource, resource, stringsOf } from './records.js'
import { Responder, type Sender } from './responder.js'

/** Waits and limits of the protocol. Tests set others. */
export interface LinkTimes {
  readonly questions?: QuestionTimes
  readonly probes?: ProbeTimes
  readonly cache?: CacheLimits
  /** Milliseconds after a pause in which others have to be heard again. */
  readonly doubtMs: number
}

export const LINK_TIMES: LinkTimes = { doubtMs: 5000 }

export interface LinkOptions {
  readonly clock: Clock
  readonly times?: LinkTimes
  /** Sends by multicast. */
  readonly send: (message: Buffer) => void
  /** Sends to one address. */
  readonly reply: (message: Buffer, to: Sender) => void
  /** Whether this process has announced a record on any link. */
  readonly isOurs: (record: Resource) => boolean
  /** Whether the link of the same interface over the other family knows a record, and keeps knowing it. Default: there is none. */
  readonly isKnownBeside?: (record: Resource) => boolean
  /** Nobody has answered a question for the instances of a type that are about to end. */
  readonly onOverdue?: (type: string) => void
  /** An instance of a browsed type is announced. From within {@link MdnsLink.receive}. */
  readonly onSeen: (type: string, uuid: string) => void
  /** It is announced no longer. From the event loop, or from within {@link MdnsLink.stop} and {@link MdnsLink.close}. */
  readonly onGone: (type: string, uuid: string) => void
}

/**
 * Multicast DNS on one interface over one family of addresses: what is announced, asked and heard there. Knows no sockets; messages
 * come and go through its owner.
 */
export class MdnsLink {
  readonly #options: LinkOptions
  readonly #times: LinkTimes
  readonly #own = new OwnRecords()
  readonly #outbox: Outbox
  readonly #responder: Responder
  readonly #cache: Cache
  readonly #querier: Querier
  readonly #publications = new Set<Publication>()
  /** By type: how many browse it. */
  readonly #browsed = new Map<string, number>()
  /** The hosts that SRV records in the cache name, with how many there are. */
  readonly #hosts = new Map<string, number>()

  constructor(options: LinkOptions) {
    this.#options = options
    this.#times = options.times ?? LINK_TIMES
    const { clock, send, reply } = options
    const { cache: limits, questions: times } = this.#times
    this.#outbox = new Outbox({ clock, own: this.#own, send })
    this.#responder = new Responder({ clock, own: this.#own, outbox: this.#outbox, reply })
    this.#cache = new Cache({
      clock,
      ...(limits === undefined ? {} : { limits }),
      onAdded: this.#onAdded,
      onRemoved: this.#onRemoved,
      onRefresh: this.#onRefresh,
      isOfInterest: (record) => this.#querier.isBrowsed(record),
      isKnownBeside: options.isKnownBeside ?? (() => false)
    })
    this.#querier = new Querier({ clock, cache: this.#cache, send, ...(times === undefined ? {} : { times }) })
  }

  /** Announces records, and answers for them, until the publication is closed. */
  publish(
    options: Pick<PublicationOptions, 'records' | 'probe' | 'onAnnounced' | 'onConflict'>
  ): Pick<Publication, 'update' | 'close'> {
    const { clock, send, isOurs } = this.#options
    const { probes } = this.#times
    const publication = new Publication({
      ...options,
      clock,
      send,
      isOurs,
      own: this.#own,
      outbox: this.#outbox,
      ...(probes === undefined ? {} : { probeTimes: probes })
    })
    this.#publications.add(publication)
    return {
      update: (records) => publication.update(records),
      close: () => {
        this.#publications.delete(publication)
        publication.close()
      }
    }
  }

  /** Asks for the instances of a service type, until {@link stop} was called as often. */
  browse(type: string): void {
    this.#browsed.set(type, (this.#browsed.get(type) ?? 0) + 1)
    this.#querier.browse(type)
  }

  /** Ends one {@link browse}. With the last of a type, what is known of it is forgotten. */
  stop(type: string): void {
    const count = (this.#browsed.get(type) ?? 0) - 1
    if (count > 0) {
      this.#browsed.set(type, count)
      return
    }
    this.#querier.stop(type)
    this.#cache.forget((record) => isOfType(record, type))
    this.#browsed.delete(type)
  }

  /** The instances of a browsed type that are known. */
  known(type: string): string[] {
    return this.#cache.get(type, 'PTR').flatMap((record) => uuidOf(record, type) ?? [])
  }

  /** Asks for the instances of a browsed type, unless that was done a moment ago. */
  refresh(type: string): void {
    this.#querier.refresh(type, 'PTR')
  }

  /** Whether a record is known that another host has announced. */
  knows(record: Resource): boolean {
    return this.#cache.has(record)
  }

  /** Asks for everything about some names, once. */
  ask(...names: readonly string[]): void {
    this.#querier.ask(...names)
  }

  /** What is known of an instance and its host. */
  get cache(): Pick<Cache, 'get' | 'latest' | 'ageMs' | 'isLocal' | 'size'> {
    return this.#cache
  }

  hasRecord(record: Resource): boolean {
    return this.#own.has(record)
  }

  /** @param isLocal whether a message comes from this machine */
  receive(message: Message, sender: Sender, isLocal: boolean): void {
    if (message.kind === 'query') this.#onQuery(message, sender)
    // RFC 6762 §6: a response from another port is none.
    else if (sender.port === PORT) this.#onResponse(message, isLocal)
  }

  /** Announces and asks anew, and lets what is known end unless it is heard again: after a pause, or where the network has changed. */
  restart(): void {
    for (const publication of this.#publications) publication.announceAgain()
    this.#cache.doubt(this.#times.doubtMs)
    this.#querier.restart()
  }

  /** The interface is gone: nothing is sent any more. */
  close(): void {
    for (const publication of this.#publications) publication.drop()
    this.#publications.clear()
    this.#outbox.close()
    this.#responder.close()
    this.#querier.close()
    this.#cache.clear()
  }

  #onQuery(query: Message, sender: Sender): void {
    this.#responder.onQuery(query, sender)
    for (const publication of this.#publications) publication.onQuery(query)
    // RFC 6762 §7.3, §10.4: not one whose answers, or known answers, do not come to us.
    if (sender.port !== PORT || query.truncated || query.authorities.length > 0) return
    this.#querier.onQuery(query)
    const known = new Set(query.answers.map(({ key }) => key))
    for (const question of query.questions) if (!question.unicast) this.#cache.onQuestion(question, known)
  }

  #onResponse(response: Message, isLocal: boolean): void {
    const records = [...response.answers, ...response.additionals]
    this.#responder.onResponse(records)
    for (const publication of [...this.#publications]) publication.onResponse(records)
    // Addresses last: only those of hosts that an SRV record names are kept.
    const late = records.filter(({ type }) => type === 'A' || type === 'AAAA')
    const early = records.filter(({ type }) => type !== 'A' && type !== 'AAAA')
    for (const record of [...early, ...late]) if (this.#isWanted(record)) this.#cache.take(reduced(record), isLocal)
  }

  /** What nobody browses is not kept, nor what is no service of ours: packets are untrusted. */
  #isWanted(record: Resource): boolean {
    switch (record.type) {
      case 'PTR':
      case 'SRV':
      case 'TXT':
        return [...this.#browsed.keys()].some((type) => uuidOf(record, type) !== null)
      case 'A':
      case 'AAAA':
        return this.#hosts.has(folded(record.name))
      case 'NSEC':
        return false
    }
  }

  readonly #onRefresh = (name: string, type: RecordType, attempt: number): void => {
    this.#querier.refresh(name, type)
    if (attempt > 1) this.#options.onOverdue?.(name)
  }

  readonly #onAdded = (record: Resource): void => {
    if (record.type === 'SRV') {
      const host = folded(record.target)
      this.#hosts.set(host, (this.#hosts.get(host) ?? 0) + 1)
    }
    this.#tell(record, this.#options.onSeen)
  }

  readonly #onRemoved = (record: Resource): void => {
    if (record.type === 'SRV') {
      const host = folded(record.target)
      const count = (this.#hosts.get(host) ?? 0) - 1
      if (count > 0) this.#hosts.set(host, count)
      else this.#hosts.delete(host)
    }
    this.#tell(record, this.#options.onGone)
  }

  #tell(record: Resource, listener: (type: string, uuid: string) => void): void {
    if (record.type !== 'PTR') return
    for (const type of [...this.#browsed.keys()]) {
      const uuid = uuidOf(record, type)
      if (uuid !== null) listener(type, uuid)
    }
  }
}

/** The uuid of the instance that a record is of; null where it is of none of the type. */
function uuidOf(record: Resource, type: string): string | null {
  if (record.type === 'PTR') return isSameName(record.name, type) ? uuidIn(record.target, type) : null
  return uuidIn(record.name, type)
}

function isOfType(record: Resource, type: string): boolean {
  return uuidOf(record, type) !== null
}

/** The longest TXT record that is kept as it is, in bytes: those of services are. */
const SHORT_TXT_BYTES = 64

/** Of a long TXT record only what is read: some are thousands of bytes long. */
function reduced(record: Resource): Resource {
  if (record.type !== 'TXT' || record.strings.length <= SHORT_TXT_BYTES) return record
  const strings = stringsOf(formatTxt(parseTxt(splitTxt(record.strings))))
  return resource(record.name, record.ttl, record.unique, { type: 'TXT', strings })
}
