// A link of the driver embedded that receives packets of a fuzzer, and the invariants that hold for every packet.
import assert from 'node:assert/strict'
import { decode } from 'dns-packet'
import type { Announcement } from '#tcpnet/discovery/discovery.js'
import { CACHE_LIMITS } from '#tcpnet/discovery/drivers/embedded/cache.js'
import { LINK_TIMES, MdnsLink } from '#tcpnet/discovery/drivers/embedded/link.js'
import { isPlausible, MAX_BYTES, type Message, readMessage } from '#tcpnet/discovery/drivers/embedded/messages.js'
import { recordsOf } from '#tcpnet/discovery/drivers/embedded/own-service.js'
import { RemoteRecords } from '#tcpnet/discovery/drivers/embedded/remote-records.js'
import { FakeClock } from '../support/fake-clock.js'

const LIMITS = { ...CACHE_LIMITS, maxPointers: 20, maxRecords: 60, maxPerSet: 5 }
/** The most multicast messages of two services in a second: each record once, or four times as a defence. */
const MOST_A_SECOND = 60
/** The most known records: PTR records of the one type, and others. */
const MOST_KNOWN = LIMITS.maxPointers + LIMITS.maxRecords

/** A message, or null if the bytes are not one. */
export function messageOf(bytes: Buffer): Message | null {
  if (!isPlausible(bytes)) return null
  try {
    return readMessage(bytes)
  } catch (error) {
    assert.ok(error instanceof Error)
    return null
  }
}

export class FuzzedLink {
  readonly #clock = new FakeClock()
  readonly #remote: RemoteRecords
  readonly #link: MdnsLink
  readonly #known = new Set<string>()
  #sent = 0

  constructor() {
    this.#remote = new RemoteRecords({
      clock: this.#clock,
      limits: LIMITS,
      onSeen: (_type, uuid) => {
        assert.ok(!this.#known.has(uuid), 'seen twice')
        this.#known.add(uuid)
      },
      onGone: (_type, uuid) => assert.ok(this.#known.delete(uuid), 'gone and not seen'),
      onRefresh: (type) => this.#link.refresh(type)
    })
    this.#link = new MdnsLink({
      clock: this.#clock,
      times: LINK_TIMES,
      family: 4,
      remote: this.#remote,
      send: (bytes) => this.#onSent(bytes),
      reply: (bytes) => this.#isMessage(bytes),
      isOurs: (record) => this.#link.hasRecord(record)
    })
    this.#link.browse('_fuzz._tcp.local')
    this.#publish('AA', false)
    this.#publish('BB', true)
  }

  hear(bytes: Buffer, port: number, isOnLink: boolean): void {
    const message = messageOf(bytes)
    if (message === null) return
    this.#link.receive(message, { address: '192.0.2.2', port, isOnLink }, false)
    assert.ok(this.#remote.cache.size <= MOST_KNOWN, 'more is known than may be')
  }

  pass(ms: number): void {
    this.#sent = 0
    this.#clock.pass(ms)
    assert.ok(this.#sent <= MOST_A_SECOND * (1 + ms / 1000), `${this.#sent} messages in ${ms} ms`)
  }

  end(): void {
    this.pass(10_000_000)
    assert.deepEqual([...this.#known], [], 'what nobody announces is forgotten')
    this.#link.close()
    this.#remote.close()
    assert.ok(this.#clock.isIdle, 'a timer is left')
  }

  #publish(uuid: string, probe: boolean): void {
    const announcement: Announcement = { name: 'fuzz', uuid, probe, port: 1, txt: {}, interfaceIndex: 0, address: null }
    const entry = { index: 1, name: 'eth0', prefixLength: 24, loopback: false, up: true }
    const addresses = [
      { ...entry, family: 4, address: '192.0.2.1' },
      { ...entry, family: 6, address: 'fe80::1' }
    ] as const
    const records = recordsOf(announcement, { index: 1, addresses })
    this.#link.publish({ records, probe, onAnnounced: () => {}, onConflict: () => {} })
  }

  #onSent(bytes: Buffer): void {
    this.#sent++
    this.#isMessage(bytes)
  }

  #isMessage(bytes: Buffer): void {
    assert.ok(bytes.length >= 12 && bytes.length <= MAX_BYTES)
    decode(bytes)
  }
}
