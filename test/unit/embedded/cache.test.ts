// What is known of others, and for how long (RFC 6762 §10), whatever packets say.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Packet } from 'dns-packet'
import { CACHE_LIMITS } from '#tcpnet/discovery/drivers/embedded/cache.js'
import { LEGACY, LinkTrial, packetOf, TYPE } from './link-trial.js'

const NAME = `AA.${TYPE}`
const QUESTION = { type: 'query', questions: [{ type: 'PTR', name: TYPE }] } satisfies Packet

function browsing(limits = {}): LinkTrial {
  const trial = new LinkTrial({}, undefined, { ...CACHE_LIMITS, ...limits })
  trial.link.browse(TYPE)
  return trial
}

/** The ports that are known of an instance. */
function ports(trial: LinkTrial): number[] {
  return trial.cache.get(NAME, 'SRV').flatMap((record) => (record.type === 'SRV' ? record.port : []))
}

describe('a record', () => {
  it('is known for as long as its TTL says', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    assert.deepEqual(trial.takeReported(), ['seen AA'])
    trial.clock.pass(119_999)
    assert.deepEqual(trial.takeReported(), [])
    assert.deepEqual(ports(trial), [5000])
    trial.clock.pass(1)
    assert.deepEqual(trial.takeReported(), ['gone AA'])
    assert.deepEqual(ports(trial), [])
  })

  it('is known for 75 minutes at most', () => {
    const trial = browsing()
    trial.receive(packetOf('AA', { ttl: 2 ** 31 - 1 }))
    trial.clock.pass(4500 * 1000)
    assert.deepEqual(trial.takeReported(), ['seen AA', 'gone AA'])
  })

  it('ends a second after its goodbye, unless it comes again', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    trial.receive(packetOf('AA', { ttl: 0 }))
    trial.clock.pass(500)
    trial.receive(packetOf('AA'))
    trial.clock.pass(10_000)
    assert.deepEqual(trial.takeReported(), ['seen AA'])
    trial.receive(packetOf('AA', { ttl: 0 }))
    trial.clock.pass(999)
    assert.deepEqual(trial.takeReported(), [])
    trial.clock.pass(1)
    assert.deepEqual(trial.takeReported(), ['gone AA'])
  })

  it('whose goodbye alone was heard is none', () => {
    const trial = browsing()
    trial.receive(packetOf('AA', { ttl: 0 }))
    trial.clock.pass(10_000)
    assert.deepEqual(trial.takeReported(), [])
    assert.equal(trial.cache.size, 0)
  })

  it('gives way within a second to another of its name with the flush bit', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    trial.clock.pass(2000)
    trial.receive(packetOf('AA', { port: 5001 }))
    trial.clock.pass(999)
    assert.deepEqual(ports(trial), [5000, 5001])
    trial.clock.pass(1)
    assert.deepEqual(ports(trial), [5001])
  })

  it('does not give way to another that came within a second: they are of the same announcement', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    trial.clock.pass(1000)
    trial.receive(packetOf('AA', { port: 5001 }))
    trial.clock.pass(5000)
    assert.deepEqual(ports(trial), [5000, 5001])
  })

  it('of an instance ends with no flush bit of another instance', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    trial.clock.pass(2000)
    trial.receive({
      type: 'response',
      answers: [{ type: 'PTR', name: TYPE, ttl: 120, flush: true, data: `BB.${TYPE}` }]
    })
    trial.clock.pass(5000)
    assert.deepEqual(trial.takeReported(), ['seen AA', 'seen BB'])
  })

  it('counts from port 5353 alone', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'), LEGACY)
    assert.deepEqual(trial.takeReported(), [])
  })
})

describe('a record that others ask for without an answer', () => {
  it('ends ten seconds after the first of two questions', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    trial.clock.pass(1000)
    trial.receive(QUESTION)
    trial.clock.pass(5000)
    trial.receive(QUESTION)
    trial.clock.pass(4999)
    assert.deepEqual(trial.takeReported(), ['seen AA'])
    trial.clock.pass(1)
    assert.deepEqual(trial.takeReported(), ['gone AA'])
  })

  it('stays where it comes in that time', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    trial.clock.pass(1000)
    trial.receive(QUESTION)
    trial.clock.pass(1000)
    trial.receive(QUESTION)
    trial.clock.pass(8000)
    trial.receive(packetOf('AA'))
    trial.clock.pass(50_000)
    assert.deepEqual(trial.takeReported(), ['seen AA'])
  })

  it('stays where they all ask within a second', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    trial.clock.pass(1000)
    for (let i = 0; i < 1000; i++) trial.receive(QUESTION)
    trial.clock.pass(20_000)
    assert.deepEqual(trial.takeReported(), ['seen AA'])
  })

  it('stays where no answer by multicast is due', () => {
    const known: Packet = { ...QUESTION, answers: [{ type: 'PTR', name: TYPE, ttl: 120, data: NAME }] }
    for (const [packet, sender, afterMs] of [
      [known, undefined, 1000],
      [QUESTION, LEGACY, 1000],
      [{ ...QUESTION, flags: 0x200 }, undefined, 1000],
      // Sent less than a second ago.
      [QUESTION, undefined, 990]
    ] as const) {
      const trial = browsing()
      trial.receive(packetOf('AA'))
      trial.clock.pass(afterMs)
      trial.receive(packet, sender)
      trial.clock.pass(sender === undefined && afterMs < 1000 ? 0 : 1000)
      trial.receive(packet, sender)
      trial.clock.pass(20_000)
      assert.deepEqual(trial.takeReported(), ['seen AA'])
    }
  })
})

describe('packets that lie', () => {
  it('fill no more memory than there may be', () => {
    const trial = browsing({ maxRecords: 100, maxPointers: 20 })
    for (let i = 0; i < 1000; i++) trial.receive(packetOf(i.toString(16)))
    assert.equal(trial.cache.size, 120)
    assert.equal(trial.takeReported().length, 20)
    // As soon as there is room, others are known.
    trial.clock.pass(120_000)
    assert.equal(trial.takeReported().length, 20)
    trial.receive(packetOf('AA'))
    assert.deepEqual(trial.takeReported(), ['seen AA'])
  })

  it('add no more addresses to a host than it can have', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    for (let i = 0; i < 1000; i++)
      trial.receive({
        type: 'response',
        answers: [{ type: 'A', name: 'AA.local', ttl: 120, data: `10.77.${i >> 8}.${i & 255}` }]
      })
    assert.equal(trial.cache.get('AA.local', 'A').length, CACHE_LIMITS.maxPerSet)
  })

  it('with what is of no service that is browsed are not kept', () => {
    const trial = browsing()
    trial.receive({
      type: 'response',
      answers: [
        { type: 'PTR', name: TYPE, ttl: 120, data: `no-uuid.${TYPE}` },
        { type: 'PTR', name: TYPE, ttl: 120, data: 'AA._other._tcp.local' },
        { type: 'PTR', name: '_other._tcp.local', ttl: 120, data: 'AA._other._tcp.local' },
        { type: 'SRV', name: 'AA._other._tcp.local', ttl: 120, data: { port: 1, target: 'a.local' } },
        { type: 'TXT', name: TYPE, ttl: 120, data: 'v=1' },
        { type: 'A', name: 'a.local', ttl: 120, data: '10.77.1.2' }
      ]
    })
    assert.equal(trial.cache.size, 0)
    assert.deepEqual(trial.takeReported(), [])
  })

  it('keep a long TXT record no longer than it is read', () => {
    const trial = browsing()
    const data = ['sec=none', 'v=1', ...Array.from({ length: 30 }, () => 'x'.repeat(255))]
    trial.receive({ type: 'response', answers: [{ type: 'TXT', name: NAME, ttl: 120, data }] })
    const [record] = trial.cache.get(NAME, 'TXT')
    assert.ok(record?.type === 'TXT')
    assert.equal(record.strings.toString('latin1'), '\x08sec=none\x03v=1')
  })
})

it('after a pause, what does not come again within some seconds ends', () => {
  const trial = browsing()
  trial.receive(packetOf('AA'))
  trial.receive(packetOf('BB'))
  trial.link.restart()
  trial.clock.pass(1000)
  trial.receive(packetOf('BB'))
  trial.clock.pass(3999)
  assert.deepEqual(trial.takeReported(), ['seen AA', 'seen BB'])
  trial.clock.pass(1)
  assert.deepEqual(trial.takeReported(), ['gone AA'])
})

it('all that is known on an interface ends with it, untold', () => {
  const trial = browsing()
  trial.receive(packetOf('AA'))
  trial.link.close()
  assert.equal(trial.cache.size, 4)
  trial.remote.close()
  assert.deepEqual(trial.takeReported(), ['seen AA'])
  assert.equal(trial.cache.size, 0)
  assert.ok(trial.clock.isIdle)
})
