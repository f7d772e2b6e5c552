// Probes for a chosen uuid, the tie-break of simultaneous probes, and conflicts (RFC 6762 §8.1, §8.2, §9, §14).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Packet } from 'dns-packet'
import { resource } from '#tcpnet/discovery/drivers/embedded/records.js'
import { compareClaims } from '#tcpnet/discovery/drivers/embedded/tie-break.js'
import { answersIn, brief, LinkTrial, packetOf, recordsOf, TYPE } from './link-trial.js'

/** A probe of another host for the same uuid. */
function probeOf(port: number): Packet {
  const name = `AA.${TYPE}`
  return {
    type: 'query',
    questions: [{ type: 'ANY' as 'A', name }],
    authorities: [
      { type: 'SRV', name, ttl: 120, data: { port, target: 'AA.local' } },
      { type: 'TXT', name, ttl: 120, data: ['v=1', 'sec=none'] }
    ]
  }
}

describe('probing', () => {
  it('asks three times, 250 ms apart, for all records of each name, and then announces', () => {
    const trial = new LinkTrial()
    trial.clock.chance = 0.5
    trial.publish('AA', true)
    assert.deepEqual(trial.sentIn(124), [])
    const probes = trial.sentIn(510)
    assert.equal(probes.length, 3)
    for (const [i, { at, bytes, packet }] of probes.entries()) {
      assert.equal(at, (probes[0]?.at ?? 0) + i * 250)
      assert.equal(bytes.readUInt16BE(2), 0)
      assert.deepEqual(packet.questions, [
        { name: `AA.${TYPE}`, type: 'ANY', class: 'IN' },
        { name: 'AA.local', type: 'ANY', class: 'IN' }
      ])
      assert.deepEqual(
        (packet.authorities ?? []).map(({ type }) => type),
        ['SRV', 'TXT', 'A', 'AAAA']
      )
      assert.ok(packet.authorities?.every((record) => record.type !== 'OPT' && record.flush === false))
    }
    assert.deepEqual(trial.takeReported(), [])
    const [announcement] = trial.sentIn(260)
    assert.equal(announcement?.packet.answers?.length, 6)
    assert.deepEqual(trial.takeReported(), ['announced'])
  })

  it('answers no question', () => {
    const trial = new LinkTrial()
    trial.publish('AA', true)
    trial.receive({ type: 'query', questions: [{ type: 'SRV', name: `AA.${TYPE}` }] })
    assert.deepEqual(answersIn(trial.sentIn(700)), [])
  })

  it('ends if another host has the name', () => {
    const trial = new LinkTrial()
    trial.publish('AA', true)
    trial.clock.pass(300)
    trial.receive(packetOf('AA'))
    trial.take()
    assert.deepEqual(trial.sentIn(10_000), [])
    assert.deepEqual(trial.takeReported(), ['conflict'])
    assert.ok(trial.clock.isIdle)
  })

  it('continues if its own records or a goodbye for the name are received', () => {
    const trial = new LinkTrial()
    trial.elsewhere = [...recordsOf('AA', { address: '10.78.1.1' })]
    trial.publish('AA', true)
    trial.clock.pass(300)
    trial.receive(packetOf('AA', { port: 4000, address: '10.77.1.1' }))
    trial.receive(packetOf('AA', { port: 4000, address: '10.78.1.1' }))
    trial.receive(packetOf('AA', { ttl: 0 }))
    trial.clock.pass(1000)
    assert.deepEqual(trial.takeReported(), ['announced'])
  })

  it('waits a second if another prober has later records, and ends when that announces them', () => {
    const trial = new LinkTrial()
    trial.publish('AA', true)
    trial.sentIn(100)
    trial.receive(probeOf(4001))
    assert.deepEqual(trial.sentIn(990), [])
    assert.equal(trial.sentIn(20).length, 1)
    trial.receive(packetOf('AA', { port: 4001 }))
    trial.clock.pass(1000)
    assert.deepEqual(trial.takeReported(), ['conflict'])
  })

  it('continues if another prober has earlier records, or the same', () => {
    const trial = new LinkTrial()
    trial.publish('AA', true)
    trial.clock.pass(100)
    trial.receive(probeOf(3999))
    trial.receive(probeOf(4000))
    trial.clock.pass(700)
    assert.deepEqual(trial.takeReported(), ['announced'])
  })
})

describe('an announced name', () => {
  it('is defended against a probe at once, but not twice in 250 ms', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.receive(probeOf(5000))
    assert.deepEqual(answersIn(trial.sentIn(5)).map(brief), [`SRV AA.${TYPE}`, `TXT AA.${TYPE}`])
    trial.receive(probeOf(5000))
    assert.deepEqual(trial.sentIn(200), [])
    assert.deepEqual(answersIn(trial.sentIn(60)).map(brief), [`SRV AA.${TYPE}`, `TXT AA.${TYPE}`])
  })

  it('that was chosen is probed again if another host announces it, and lost if that defends it', () => {
    const trial = new LinkTrial()
    trial.publish('AA', true)
    trial.clock.pass(3000)
    trial.takeReported()
    trial.take()
    trial.receive(packetOf('AA'))
    const [probe] = trial.sentIn(10)
    assert.equal(probe?.packet.authorities?.length, 4)
    trial.receive(packetOf('AA'))
    trial.clock.pass(10)
    assert.deepEqual(trial.takeReported(), ['conflict'])
  })

  it('that was chosen is kept if no other host defends it', () => {
    const trial = new LinkTrial()
    trial.publish('AA', true)
    trial.clock.pass(3000)
    trial.takeReported()
    trial.receive(packetOf('AA'))
    trial.take()
    const sent = trial.sentIn(1000)
    assert.equal(sent.filter(({ packet }) => packet.type === 'query').length, 3)
    assert.equal(answersIn(sent).length, 6)
    assert.deepEqual(trial.takeReported(), [])
  })

  it('that is random is defended against every conflict, which can only be bogus', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.receive(packetOf('AA'))
    assert.deepEqual(answersIn(trial.sentIn(5)).map(brief).sort(), ['A AA.local', `SRV AA.${TYPE}`])
    // At most four times a second, however many conflicts are received.
    for (let i = 0; i < 100; i++) {
      trial.receive(packetOf('AA'))
      trial.clock.pass(10)
    }
    assert.ok(trial.take().length <= 4)
    assert.deepEqual(trial.takeReported(), [])
  })

  it('has no conflict with the same name on another interface of this process', () => {
    const trial = new LinkTrial()
    trial.elsewhere = recordsOf('AA', { address: '10.78.1.1' })
    trial.publish('AA', true)
    trial.clock.pass(3000)
    trial.take()
    trial.receive(packetOf('AA', { port: 4000, address: '10.78.1.1' }))
    assert.deepEqual(trial.sentIn(1000), [])
  })

  it('has no conflict with another host name for the same address', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.receive(packetOf('BB', { address: '10.77.1.1' }))
    assert.deepEqual(trial.sentIn(1000), [])
  })
})

describe('the tie-break of two probers', () => {
  const a = (address: string) => resource('AA.local', 120, true, { type: 'A', address })
  const text = resource('AA.local', 120, true, { type: 'TXT', strings: Buffer.of(0) })

  it('is won by the lexicographically later records', () => {
    // The examples of RFC 6762 §8.2.1 and §8.2.
    assert.ok(compareClaims([a('169.254.99.200')], [a('169.254.200.50')]) < 0)
    assert.ok(compareClaims([a('169.254.200.50')], [a('169.254.99.200')]) > 0)
    assert.equal(compareClaims([a('169.254.99.200')], [a('169.254.99.200')]), 0)
    assert.ok(compareClaims([a('169.254.99.200')], [text]) < 0)
    assert.ok(compareClaims([text, a('169.254.99.200')], [a('169.254.99.200')]) > 0)
    assert.ok(compareClaims([], [text]) < 0)
  })
})
