import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { isIP } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type Announcement,
  type Discovery,
  type Driver,
  type Instance,
  type Listener,
  LOCATE_MS
} from '#tcpnet/discovery/discovery.js'
import { parseUuid } from '#tcpnet/uuid.js'
import { within } from '../support/wait.js'

/** The reports of a discovery, in order. */
export type Told =
  | { readonly what: 'announced' | 'online' | 'offline' }
  | { readonly what: 'failed'; readonly error: Error & { code?: string } }
  | { readonly what: 'hint'; readonly instance: Instance }
  | { readonly what: 'seen' | 'gone'; readonly uuid: string }

/**
 * A discovery and its listener, which checks every call and every answer: {@link end} throws if the contract was
 * violated.
 */
export class Watcher {
  readonly announcement: Announcement
  readonly told: Told[] = []
  /** The uuids that are announced at present. */
  readonly known = new Set<string>()
  readonly discovery: Discovery
  readonly #deadlineMs: number
  readonly #news = new EventEmitter()
  readonly #breaches: string[] = []
  #opened = false
  #closed = false

  constructor(driver: Driver, announcement: Announcement, deadlineMs: number) {
    this.announcement = announcement
    this.#deadlineMs = deadlineMs
    this.#news.setMaxListeners(0)
    this.discovery = driver(announcement, this.#listener())
    this.#opened = true
  }

  get uuid(): string {
    return this.announcement.uuid
  }

  /** Waits until a report satisfies the condition; earlier reports count. */
  async until(sentence: string, condition: () => boolean): Promise<void> {
    const controller = new AbortController()
    const wait = async () => {
      while (!condition()) await once(this.#news, 'told', { signal: controller.signal })
    }
    try {
      await within(wait(), `not within its time: ${this.uuid} ${sentence}`, this.#deadlineMs)
    } finally {
      controller.abort()
    }
  }

  announced(): Promise<void> {
    return this.until('is announced', () => this.told.some(({ what }) => what === 'announced'))
  }

  /** Waits until all of these are announced. */
  sees(...others: { uuid: string }[]): Promise<void> {
    const uuids = others.map(({ uuid }) => uuid)
    return this.until(`sees ${uuids.join(', ')}`, () => uuids.every((uuid) => this.known.has(uuid)))
  }

  loses(other: { uuid: string }): Promise<void> {
    return this.until(`loses ${other.uuid}`, () => !this.known.has(other.uuid))
  }

  /** Asks where another is; null if there is no answer. */
  async locate(other: { uuid: string }, signal = new AbortController().signal): Promise<Instance | null> {
    const question = this.discovery.locate(other.uuid, signal)
    const sentence = `the question of ${this.uuid} where ${other.uuid} is does not end`
    const instance = await within(question, sentence, LOCATE_MS + this.#deadlineMs)
    if (instance === null) return null
    this.#checkInstance(instance)
    if (instance.uuid !== other.uuid) this.#breach(other.uuid, `was located as ${instance.uuid}`)
    if (signal.aborted) this.#breach(other.uuid, 'was located for a signal that was aborted')
    if (this.#closed) this.#breach(other.uuid, 'was located after close')
    return instance
  }

  /** Waits until another is seen, and asks where it is: there has to be an answer. */
  async finds(other: { uuid: string }): Promise<Instance> {
    await this.sees(other)
    return (await this.locate(other)) ?? assert.fail(`${this.uuid} sees ${other.uuid}, and does not know where it is`)
  }

  /** Asks where another is until the answer fits: the daemon may give an older one for a while. */
  async findsSuch(other: { uuid: string }, sentence: string, fits: (instance: Instance) => boolean): Promise<void> {
    const until = async () => {
      for (;;) {
        const instance = await this.locate(other)
        if (this.#closed || (instance !== null && fits(instance))) return
        await nextTurn()
      }
    }
    await within(until(), `not within its time: ${this.uuid} ${sentence}`, this.#deadlineMs)
  }

  async failed(): Promise<Error & { code?: string }> {
    const failure = () => this.told.find((told) => told.what === 'failed')
    await this.until('fails', () => failure() !== undefined)
    return failure()?.error ?? assert.fail()
  }

  /** Closes the discovery. Each later report violates the contract. */
  close(): Promise<void> {
    this.#closed = true
    return within(this.discovery.close(), `${this.uuid} is not closed`, this.#deadlineMs)
  }

  /** Closes the discovery, and fails if a call violated the contract. */
  async end(): Promise<void> {
    await this.close()
    assert.deepEqual(this.#breaches, [], `the reports to ${this.uuid} violate the contract`)
  }

  #listener(): Listener {
    return {
      announced: () => this.#tell({ what: 'announced' }),
      failed: (error) => this.#tell({ what: 'failed', error }),
      seen: (uuid) => this.#tell({ what: 'seen', uuid }),
      gone: (uuid) => this.#tell({ what: 'gone', uuid }),
      hint: (instance) => this.#tell({ what: 'hint', instance }),
      online: () => this.#tell({ what: 'online' }),
      offline: () => this.#tell({ what: 'offline' })
    }
  }

  #tell(told: Told): void {
    this.#check(told)
    this.told.push(told)
    if (told.what === 'seen') this.known.add(told.uuid)
    if (told.what === 'gone') this.known.delete(told.uuid)
    this.#news.emit('told')
  }

  #check(told: Told): void {
    const { what } = told
    const had = (kind: Told['what']) => this.told.some((earlier) => earlier.what === kind)
    if (!this.#opened) this.#breach(what, 'before open returned')
    if (this.#closed) this.#breach(what, 'after close')
    if (had('failed')) this.#breach(what, 'after failed')
    if (what === 'announced' && had('announced')) this.#breach(what, 'twice')
    if (!['announced', 'failed', 'hint'].includes(what) && !had('announced')) this.#breach(what, 'before announced')
    if (what === 'hint') this.#checkInstance(told.instance)
    if (what === 'seen' || what === 'gone') this.#checkUuid(told.uuid)
    if (what === 'seen' && this.known.has(told.uuid)) this.#breach(what, `of ${told.uuid}, which was seen already`)
    if (what === 'gone' && !this.known.has(told.uuid)) this.#breach(what, `of ${told.uuid}, which was not seen`)
    if (what === 'online' || what === 'offline') this.#checkTurn(what)
  }

  #checkUuid(uuid: string): void {
    if (parseUuid(uuid) !== uuid) this.#breach(uuid, 'is not the canonical form of a uuid')
  }

  #checkInstance({ uuid, host, port, paths }: Instance): void {
    this.#checkUuid(uuid)
    if (host === '') this.#breach(uuid, 'has no host')
    if (!Number.isInteger(port) || port < 1 || port > 65535) this.#breach(uuid, `has port ${port}`)
    if (paths.length === 0) this.#breach(uuid, 'has no path')
    const each = new Set(paths.map((path) => `${path.interfaceIndex} ${path.address}`))
    if (each.size !== paths.length) this.#breach(uuid, 'has a path twice')
    for (const { family, address } of paths) {
      if (isIP(address) !== family || address.includes('%'))
        this.#breach(uuid, `has the IPv${family} address ${address}`)
    }
  }

  #checkTurn(what: 'online' | 'offline'): void {
    const turns = this.told.filter((earlier) => earlier.what === 'online' || earlier.what === 'offline')
    const expected = turns.at(-1)?.what === 'offline' ? 'online' : 'offline'
    if (what !== expected) this.#breach(what, 'out of turn')
  }

  #breach(what: string, how: string): void {
    this.#breaches.push(`${what} ${how}`)
  }
}
