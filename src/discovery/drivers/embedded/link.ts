import { PORT } from '../../../net/multicast-dns.js'
import type { Clock } from './clock.js'
import type { Message } from './messages.js'
import { Outbox } from './outbox.js'
import { OwnRecords } from './own-records.js'
import type { ProbeTimes } from './prober.js'
import { Publication, type PublicationOptions } from './publication.js'
import { Querier } from './querier.js'
import type { QuestionTimes } from './question-schedule.js'
import type { Family, Resource } from './records.js'
import type { RemoteRecords } from './remote-records.js'
import { Responder, type Sender } from './responder.js'

/** Waits of the protocol; tests set other values. */
export interface LinkTimes {
  readonly questions?: QuestionTimes
  readonly probes?: ProbeTimes
  /** Milliseconds after a restart within which records of other hosts must be received again. */
  readonly doubtMs: number
}

export const LINK_TIMES: LinkTimes = { doubtMs: 5000 }

export interface LinkOptions {
  readonly clock: Clock
  readonly times?: LinkTimes
  readonly family: Family
  /** The records of other hosts on the interface, over either family. */
  readonly remote: RemoteRecords
  /** Sends by multicast. */
  readonly send: (message: Buffer) => void
  /** Sends to one address. */
  readonly reply: (message: Buffer, to: Sender) => void
  /** Whether this process has announced a record on any link. */
  readonly isOurs: (record: Resource) => boolean
}

/** Multicast DNS on one interface over one address family, without the socket: its owner passes messages in and out. */
export class MdnsLink {
  readonly #options: LinkOptions
  readonly #times: LinkTimes
  readonly #own = new OwnRecords()
  readonly #outbox: Outbox
  readonly #responder: Responder
  readonly family: Family
  readonly remote: RemoteRecords
  readonly #querier: Querier
  readonly #publications = new Set<Publication>()

  constructor(options: LinkOptions) {
    this.#options = options
    this.#times = options.times ?? LINK_TIMES
    this.family = options.family
    this.remote = options.remote
    const { clock, send, reply } = options
    const { questions: times } = this.#times
    this.#outbox = new Outbox({ clock, own: this.#own, send })
    this.#responder = new Responder({ clock, own: this.#own, outbox: this.#outbox, reply })
    this.#querier = new Querier({
      clock,
      remote: this.remote,
      own: this.#own,
      send,
      ...(times === undefined ? {} : { times })
    })
  }

  /** Announces records, and answers queries for them, until the publication is closed. */
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

  /** Asks for the instances of a service type until {@link stop} has been called as often. */
  browse(type: string): void {
    this.remote.browse(type)
    this.#querier.browse(type)
  }

  /** Ends one {@link browse}. */
  stop(type: string): void {
    this.#querier.stop(type)
    this.remote.stop(type)
  }

  /** Asks again for the instances of a browsed type, unless the question was asked a moment ago. */
  refresh(type: string): void {
    this.#querier.refresh(type)
  }

  /** Asks for all records of some names, once. */
  ask(...names: readonly string[]): void {
    this.#querier.ask(...names)
  }

  hasRecord(record: Resource): boolean {
    return this.#own.has(record)
  }

  /**
   * @param isLocal whether a message comes from this machine
   * @param isDuplicate whether the interface's other link has just received the same response
   */
  receive(message: Message, sender: Sender, isLocal: boolean, isDuplicate = false): void {
    if (message.kind === 'query') this.#onQuery(message, sender)
    // RFC 6762 §6: responses from other ports are ignored.
    else if (sender.port === PORT) this.#onResponse(message, isLocal, isDuplicate)
  }

  /** Announces and asks again, and lets records expire that are not received again, after a sleep or network change. */
  restart(): void {
    for (const publication of this.#publications) publication.announceAgain()
    this.remote.cache.doubt(this.#times.doubtMs)
    this.#querier.restart()
  }

  /** Ends the link and sends nothing, not even goodbyes for publications that are still open. */
  close(): void {
    for (const publication of this.#publications) publication.drop()
    this.#publications.clear()
    this.#outbox.close()
    this.#responder.close()
    this.#querier.close()
  }

  #onQuery(query: Message, sender: Sender): void {
    this.#responder.onQuery(query, sender)
    for (const publication of this.#publications) publication.onQuery(query)
    // RFC 6762 §7.3, §10.4: no probes, no legacy queries, and none with incomplete known answers.
    if (sender.port !== PORT || query.truncated || query.authorities.length > 0) return
    this.#querier.onQuery(query)
    const known = new Set(query.answers.map(({ key }) => key))
    for (const question of query.questions)
      if (!question.unicast) this.remote.cache.onQuestion(question, known, this.family)
  }

  #onResponse(response: Message, isLocal: boolean, isDuplicate: boolean): void {
    const records = [...response.answers, ...response.additionals]
    this.#responder.onResponse(records)
    for (const publication of [...this.#publications]) publication.onResponse(records)
    if (!isDuplicate) this.remote.take(records, this.family, isLocal)
  }
}
