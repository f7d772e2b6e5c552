// Which messages are read, and how many may wait.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encode } from 'dns-packet'
import { Inbox } from '#tcpnet/discovery/drivers/embedded/inbox.js'
import type { Message } from '#tcpnet/discovery/drivers/embedded/messages.js'
import { packetOf, TYPE } from './link-trial.js'

const MESSAGE = encode(packetOf('AA'))

/** An inbox that reads messages when the test says so. */
class Trial {
  readonly read: Message[] = []
  readonly inbox: Inbox
  readonly #waiting: (() => void)[] = []

  constructor(maxWaiting = Number.POSITIVE_INFINITY) {
    this.inbox = new Inbox({
      do: (piece) => {
        if (this.#waiting.length >= maxWaiting) return false
        this.#waiting.push(piece)
        return true
      }
    })
    this.inbox.watch(TYPE)
  }

  receive(bytes: Buffer, sender = '10.77.1.2'): void {
    this.inbox.read(bytes, sender, (message) => this.read.push(message))
  }

  /** Reads all waiting messages, and returns them. */
  turn(): Message[] {
    for (const piece of this.#waiting.splice(0)) piece()
    return this.read.splice(0)
  }
}

describe('the inbox', () => {
  it('reads messages about a watched type, a host, or the list of service types', () => {
    const { inbox } = new Trial()
    const question = (name: string) => encode({ type: 'query', questions: [{ type: 'PTR', name }] })
    assert.ok(inbox.wants(MESSAGE))
    assert.ok(inbox.wants(question(TYPE.toUpperCase())))
    assert.ok(inbox.wants(question('alpha.local')))
    assert.ok(inbox.wants(question('_services._dns-sd._udp.local')))
    assert.ok(!inbox.wants(question('_ipp._tcp.local')))
    inbox.unwatch(TYPE)
    assert.ok(!inbox.wants(MESSAGE))
    // A cluster may have the name of the list.
    inbox.watch('_dns-sd._tcp.local')
    inbox.unwatch('_dns-sd._tcp.local')
    assert.ok(inbox.wants(question('_services._dns-sd._udp.local')))
  })

  it('bounds how many messages of one sender wait, so that there is room for others', () => {
    const trial = new Trial()
    for (let i = 0; i < 1000; i++) trial.receive(MESSAGE)
    trial.receive(MESSAGE, '10.77.1.3')
    assert.equal(trial.turn().length, 65)
    trial.receive(MESSAGE)
    assert.equal(trial.turn().length, 1)
  })

  it('does not count a dropped message as waiting', () => {
    const trial = new Trial(1)
    for (let i = 0; i < 1000; i++) trial.receive(MESSAGE)
    assert.equal(trial.turn().length, 1)
    trial.receive(MESSAGE)
    assert.equal(trial.turn().length, 1)
  })

  it('decodes a message once if it is received several times, and returns the same object', () => {
    const trial = new Trial()
    for (const bytes of [MESSAGE, Buffer.from(MESSAGE), encode(packetOf('BB'))]) trial.receive(bytes)
    const [first, same, other] = trial.turn()
    assert.equal(first, same)
    assert.notEqual(first, other)
    // It is not remembered forever.
    for (let i = 0; i < 64; i++) {
      trial.receive(encode(packetOf(i.toString(16))))
      trial.turn()
    }
    trial.receive(MESSAGE)
    assert.notEqual(trial.turn()[0], first)
  })

  it('ignores malformed messages', () => {
    const trial = new Trial()
    trial.receive(MESSAGE.subarray(0, 40))
    trial.receive(Buffer.alloc(5))
    assert.equal(trial.turn().length, 0)
  })
})
