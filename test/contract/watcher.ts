import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { isIP } from 'node:net'
import type { Announcement, Discovery, Driver, Instance, Listener } from '#tcpnet/discovery/discovery.js'
import { parseUuid } from '#tcpnet/uuid.js'
import { within } from '../support/wait.js'

/** What a discovery told, in order. */
export type Told =
  | { readonly what: 'announced' | 'online' | 'offline' }
  | { readonly what: 'failed'; readonly error: Error & { code?: string } }
  | { readonly what: 'up' | 'hint'; readonly instance: Instance }
  | { readonly what: 'down'; readonly uuid: string }

/** A discovery and its listener, which holds every call against the contract: {@link end} tells what was against it. */
export class Watcher {
  readonly announcement: Announcement
  readonly told: Told[] = []
  /** What is announced at present, by uuid. */
  readonly known = new Map<string, Instance>()
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

  /** Waits until something was told, or is. */
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
  finds(...others: { uuid: string }[]): Promise<void> {
    const uuids = others.map(({ uuid }) => uuid)
    return this.until(`finds ${uuids.join(', ')}`, () => uuids.every((uuid) => this.known.has(uuid)))
  }

  loses(other: { uuid: string }): Promise<void> {
    return this.until(`loses ${other.uuid}`, () => !this.known.has(other.uuid))
  }

  async failed(): Promise<Error & { code?: string }> {
    const failure = () => this.told.find((told) => told.what === 'failed')
    await this.until('fails', () => failure() !== undefined)
    return failure()?.error ?? assert.fail()
  }

  /** Closes the discovery; what is told from now on is a breach. */
  close(): Promise<void> {
    this.#closed = true
    return within(this.discovery.close(), `${this.uuid} is not closed`, this.#deadlineMs)
  }

  /** Closes the discovery, and fails where any call was against the contract. */
  async end(): Promise<void> {
    await this.close()
    assert.deepEqual(this.#breaches, [], `${this.uuid} was told against the contract`)
  }

  #listener(): Listener {
    return {
      announced: () => this.#tell({ what: 'announced' }),
      failed: (error) => this.#tell({ what: 'failed', error }),
      up: (instance) => this.#tell({ what: 'up', instance }),
      down: (uuid) => this.#tell({ what: 'down', uuid }),
      hint: (instance) => this.#tell({ what: 'hint', instance }),
      online: () => this.#tell({ what: 'online' }),
      offline: () => this.#tell({ what: 'offline' })
    }
  }

  #tell(told: Told): void {
    this.#check(told)
    this.told.push(told)
    if (told.what === 'up') this.known.set(told.instance.uuid, told.instance)
    if (told.what === 'down') this.known.delete(told.uuid)
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
    if (what === 'up' || what === 'hint') this.#checkInstance(told.instance)
    if (what === 'up') this.#checkNews(told.instance)
    if (what === 'down' && !this.known.has(told.uuid)) this.#breach(what, `of ${told.uuid}, which was not up`)
    if (what === 'online' || what === 'offline') this.#checkTurn(what)
  }

  #checkInstance({ uuid, host, port, paths }: Instance): void {
    if (parseUuid(uuid) !== uuid) this.#breach(uuid, 'is not the one form of a uuid')
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

  #checkNews(instance: Instance): void {
    const before = this.known.get(instance.uuid)
    if (JSON.stringify(before) === JSON.stringify(instance)) this.#breach(instance.uuid, 'was told twice the same')
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
