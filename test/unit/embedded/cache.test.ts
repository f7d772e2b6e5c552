// Which records of other hosts are kept, and for how long (RFC 6762 §10), also if packets are malicious.
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

/** The ports of an instance in the cache. */
function ports(trial: LinkTrial): number[] {
  return trial.cache.get(NAME, 'SRV').flatMap((record) => (record.type === 'SRV' ? record.port : []))
}

describe('a record', () => {
  it('expires after its TTL', () => {
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

  it('expires after 75 minutes at most', () => {
    const trial = browsing()
    trial.receive(packetOf('AA', { ttl: 2 ** 31 - 1 }))
    trial.clock.pass(4500 * 1000)
    assert.deepEqual(trial.takeReported(), ['seen AA', 'gone AA'])
  })

  it('expires a second after its goodbye, unless it is received again', () => {
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

  it('is not added by its goodbye', () => {
    const trial = browsing()
    trial.receive(packetOf('AA', { ttl: 0 }))
    trial.clock.pass(10_000)
    assert.deepEqual(trial.takeReported(), [])
    assert.equal(trial.cache.size, 0)
  })

  it('expires a second after another of its name with the cache-flush bit', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    trial.clock.pass(2000)
    trial.receive(packetOf('AA', { port: 5001 }))
    trial.clock.pass(999)
    assert.deepEqual(ports(trial), [5000, 5001])
    trial.clock.pass(1)
    assert.deepEqual(ports(trial), [5001])
  })

  it('is not flushed by another that is received within a second, as in the same announcement', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    trial.clock.pass(1000)
    trial.receive(packetOf('AA', { port: 5001 }))
    trial.clock.pass(5000)
    assert.deepEqual(ports(trial), [5000, 5001])
  })

  it('of type PTR is not flushed by that of another instance', () => {
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

  it('is ignored if it does not come from port 5353', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'), LEGACY)
    assert.deepEqual(trial.takeReported(), [])
  })
})

describe('a record that does not answer questions of other hosts', () => {
  it('expires ten seconds after the first of two questions', () => {
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

  it('stays if it is received in that time', () => {
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

  it('stays if all questions are asked within a second', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    trial.clock.pass(1000)
    for (let i = 0; i < 100; i++) trial.receive(QUESTION)
    trial.clock.pass(20_000)
    assert.deepEqual(trial.takeReported(), ['seen AA'])
  })

  it('stays if no multicast answer is expected', () => {
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

describe('malicious packets', () => {
  it('add no more records than the limits allow', () => {
    const trial = browsing({ maxRecords: 100, maxPointers: 20 })
    for (let i = 0; i < 200; i++) trial.receive(packetOf(i.toString(16)))
    assert.equal(trial.cache.size, 120)
    assert.equal(trial.takeReported().length, 20)
    // As soon as there is room, others are added.
    trial.clock.pass(120_000)
    assert.equal(trial.takeReported().length, 20)
    trial.receive(packetOf('AA'))
    assert.deepEqual(trial.takeReported(), ['seen AA'])
  })

  it('add no more addresses to a host than the limit allows', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    for (let i = 0; i < 2 * CACHE_LIMITS.maxPerSet; i++)
      trial.receive({
        type: 'response',
        answers: [{ type: 'A', name: 'AA.local', ttl: 120, data: `10.77.1.${i}` }]
      })
    assert.equal(trial.cache.get('AA.local', 'A').length, CACHE_LIMITS.maxPerSet)
  })

  it('add no records that belong to no browsed instance', () => {
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

  it('add a long TXT record only with the keys that are used', () => {
    const trial = browsing()
    const data = ['sec=none', 'v=1', ...Array.from({ length: 30 }, () => 'x'.repeat(255))]
    trial.receive({ type: 'response', answers: [{ type: 'TXT', name: NAME, ttl: 120, data }] })
    const [record] = trial.cache.get(NAME, 'TXT')
    assert.ok(record?.type === 'TXT')
    assert.equal(record.strings.toString('latin1'), '\x08sec=none\x03v=1')
  })
})

it('after a restart, records expire that are not received again within five seconds', () => {
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

it('closing the records of an interface removes all of them, and reports nothing', () => {
  const trial = browsing()
  trial.receive(packetOf('AA'))
  trial.link.close()
  assert.equal(trial.cache.size, 4)
  trial.remote.close()
  assert.deepEqual(trial.takeReported(), ['seen AA'])
  assert.equal(trial.cache.size, 0)
  assert.ok(trial.clock.isIdle)
})
