import { ask } from '../../ask.js'
import { type Instance, LOCATE_MS } from '../../discovery.js'
import { instanceName } from './names.js'
import type { NetworkLink } from './network-user.js'
import type { RemoteRecords } from './remote-records.js'

/** When an instance is asked for, in milliseconds, and after how many older records are accepted as the answer. */
const ASK_AT_MS = [0, 1000]
const LAST_MS = 1500
/** Milliseconds for which a received answer is used without a question: it is not repeated before (RFC 6762 §6). */
const NEW_MS = 1000
/** Milliseconds to wait for answers on other interfaces after the first one. */
const MOMENT_MS = 50

export interface InquiriesOptions {
  readonly type: string
  /** The links to ask on. */
  readonly links: () => readonly NetworkLink[]
  /** Finds an instance among the known records; `ageMs` is the age of its SRV record. */
  readonly find: (uuid: string) => { readonly instance: Instance; readonly ageMs: number } | null
}

/** Asks the network where instances are, for one service. */
export class Inquiries {
  readonly #options: InquiriesOptions
  /** The callbacks that wait for an answer, by uuid. */
  readonly #waiting = new Map<string, Set<() => void>>()
  /** The uuids that are asked for at the end of this turn of the event loop, in one message. */
  readonly #asked = new Set<string>()

  constructor(options: InquiriesOptions) {
    this.#options = options
  }

  /** Resolves with null if no answer comes within {@link LOCATE_MS}, or when `signal` is aborted. */
  async locate(uuid: string, signal: AbortSignal): Promise<Instance | null> {
    const recent = this.#options.find(uuid)
    if (recent !== null && recent.ageMs < NEW_MS) return recent.instance
    return await ask<Instance>((done) => this.#begin(uuid, done), signal, LOCATE_MS)
  }

  /** Notifies the questions about an instance that an answer was received. */
  answered(uuid: string): void {
    for (const answered of [...(this.#waiting.get(uuid) ?? [])]) answered()
  }

  /** Asks now and again a second later. If no answer comes, falls back to the known records. */
  #begin(uuid: string, done: (instance: Instance) => void): () => void {
    const end = () => {
      const found = this.#options.find(uuid)
      if (found !== null) done(found.instance)
    }
    let moment: NodeJS.Timeout | undefined
    const answered = () => {
      if (this.#options.find(uuid) !== null) moment ??= setTimeout(end, MOMENT_MS)
    }
    const asks = ASK_AT_MS.map((afterMs) => setTimeout(() => this.#ask(uuid), afterMs))
    const last = setTimeout(end, LAST_MS)
    const waiting = this.#waiting.get(uuid) ?? new Set()
    this.#waiting.set(uuid, waiting)
    waiting.add(answered)
    return () => {
      for (const timer of [...asks, last, moment]) clearTimeout(timer)
      waiting.delete(answered)
      if (waiting.size === 0) this.#waiting.delete(uuid)
    }
  }

  #ask(uuid: string): void {
    if (this.#asked.size === 0) setImmediate(this.#askAll)
    this.#asked.add(uuid)
  }

  readonly #askAll = (): void => {
    const names = [...this.#asked].map((uuid) => instanceName(uuid, this.#options.type))
    this.#asked.clear()
    for (const { link } of this.#options.links()) {
      link.ask(...names.flatMap((name) => [name, ...hostToAskFor(name, link.remote)]))
    }
  }
}

/** The host of an instance, if its SRV record is known and its IPv4 addresses are not. */
function hostToAskFor(name: string, { cache }: Pick<RemoteRecords, 'cache'>): string[] {
  const service = cache.latest(name, 'SRV')
  return service?.type !== 'SRV' || cache.get(service.target, 'A').length > 0 ? [] : [service.target]
}
