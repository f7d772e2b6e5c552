// Which questions are asked, when, and with which known answers (RFC 6762 §5.2, §5.3, §7.1, §7.2, §7.3).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Packet } from 'dns-packet'
import { answersIn, LEGACY, LinkTrial, packetOf, type Sent, TYPE } from './link-trial.js'

const QUESTION = { type: 'query', questions: [{ type: 'PTR', name: TYPE }] } satisfies Packet

function browsing(chance = 0): LinkTrial {
  const trial = new LinkTrial()
  trial.clock.chance = chance
  trial.link.browse(TYPE)
  return trial
}

/** Lets the first questions pass, until the interval is an hour. */
function quiet(trial: LinkTrial): LinkTrial {
  trial.clock.pass(5 * 3_600_000)
  trial.take()
  return trial
}

function questionsIn(sent: readonly Sent[]): string[] {
  return sent.flatMap(({ packet }) => (packet.questions ?? []).map(({ type, name }) => `${type} ${name}`))
}

describe('a question', () => {
  it('is asked after 20 to 120 ms, after a second, and then at intervals that double up to an hour', () => {
    for (const [chance, firstMs] of [
      [0, 20],
      [1, 120]
    ] as const) {
      const trial = browsing(chance)
      const start = trial.clock.now()
      const times = trial.sentIn(8 * 3_600_000).map(({ at }) => at - start - firstMs)
      const expected = [0]
      for (let interval = 1000; expected.length < 17; interval = Math.min(interval * 2, 3_600_000))
        expected.push((expected.at(-1) ?? 0) + interval)
      assert.deepEqual(times.slice(0, 17), expected)
    }
  })

  it('is a query of class IN without the QU bit, with ID 0 and no flags', () => {
    const [sent] = browsing().sentIn(30)
    assert.equal(sent?.to, null)
    assert.equal(sent?.bytes.readUInt32BE(0), 0)
    assert.deepEqual(sent?.packet.questions, [{ type: 'PTR', name: TYPE, class: 'IN' }])
    assert.deepEqual(answersIn([sent]), [])
  })

  it('is asked in one message with others that are due', () => {
    const trial = browsing()
    trial.link.browse('_other._tcp.local')
    assert.deepEqual(questionsIn(trial.sentIn(30)), [`PTR ${TYPE}`, 'PTR _other._tcp.local'])
  })

  it('is asked once for several users, until the last of them stops', () => {
    const trial = browsing()
    trial.link.browse(TYPE)
    assert.equal(trial.sentIn(30).length, 1)
    trial.link.stop(TYPE)
    assert.equal(trial.sentIn(1000).length, 1)
    trial.link.stop(TYPE)
    assert.deepEqual(trial.sentIn(100_000), [])
    assert.ok(trial.clock.isIdle)
  })

  it('for one instance asks for all of its records, at once', () => {
    const trial = new LinkTrial()
    trial.link.ask(`AA.${TYPE}`)
    assert.deepEqual(questionsIn(trial.take()), [`ANY AA.${TYPE}`])
  })
})

/** Milliseconds within which the first question is asked after an announcement. */
const SILENCE_MS = 130

describe('the first question', () => {
  it('waits for 100 ms without an announcement, but no longer than a second', () => {
    const trial = browsing()
    const start = trial.clock.now()
    for (let i = 0; i < 10; i++) {
      trial.receive(packetOf(`A${i}`))
      assert.deepEqual(trial.sentIn(50), [])
    }
    const [asked] = trial.sentIn(100)
    assert.ok(asked !== undefined && asked.at - start >= 550)
    assert.equal(asked.packet.answers?.length, 10)

    const flooded = browsing()
    const times = Array.from({ length: 50 }, (_, i) => {
      flooded.receive(packetOf(`A${i}`))
      return flooded.sentIn(50).map(({ at }) => at - start)
    })
    assert.deepEqual(times.flat(), [1020, 2020])
  })
})

describe('a known answer', () => {
  it('has its remaining TTL, and is left out once that is less than half', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    trial.clock.pass(SILENCE_MS)
    const [known] = answersIn(trial.take())
    assert.ok(known?.type === 'PTR')
    assert.deepEqual([known.data, known.ttl, known.flush], [`AA.${TYPE}`, 119, false])
    // The next questions are asked after 1, 3, 7, 15, 31 and 63 seconds.
    const counts = trial.sentIn(64_000).map(({ packet }) => packet.answers?.length)
    assert.deepEqual(counts, [1, 1, 1, 1, 1, 0])
  })

  it('is sent for a bounded number of instances: those that became known first', () => {
    const trial = browsing()
    for (let i = 0; i < 600; i++) trial.receive(packetOf((0xf0000000 + i).toString(16).toUpperCase()))
    const sent = trial.sentIn(SILENCE_MS)
    assert.equal(answersIn(sent).length, 512)
    assert.match(JSON.stringify(answersIn(sent)[511]), /F00001FF/)
    assert.ok(sent.length < 12)
  })

  it('that does not fit is sent in a further message, and all but the last have the TC bit', () => {
    const trial = browsing()
    const uuids = Array.from({ length: 100 }, (_, i) => i.toString(16).toUpperCase().padStart(32, 'A'))
    for (const uuid of uuids) trial.receive(packetOf(uuid))
    const sent = trial.sentIn(SILENCE_MS)
    assert.ok(sent.length >= 3)
    assert.deepEqual(
      sent.map(({ packet }) => packet.flag_tc),
      sent.map((_, i) => i < sent.length - 1)
    )
    assert.deepEqual(questionsIn(sent), [`PTR ${TYPE}`])
    assert.equal(new Set(answersIn(sent).map((answer) => 'data' in answer && answer.data)).size, 100)
    assert.ok(sent.every(({ bytes }) => bytes.length <= 1440))
  })
})

describe('a browsed record', () => {
  it('is refreshed at 80, 85, 90 and 95 % of its lifetime, or up to 2 % later', () => {
    for (const [chance, partMore] of [
      [0, 0],
      [1, 0.02]
    ] as const) {
      const trial = quiet(browsing(chance))
      trial.receive(packetOf('AA'))
      const start = trial.clock.now()
      const times = trial.sentIn(119_999).map(({ at }) => at - start)
      assert.deepEqual(
        times,
        [0.8, 0.85, 0.9, 0.95].map((part) => Math.round((part + partMore) * 120_000))
      )
      assert.deepEqual(trial.takeReported(), ['seen AA'])
      trial.clock.pass(1)
      assert.deepEqual(trial.takeReported(), ['gone AA'])
    }
  })

  it('is refreshed by one question with others that expire at about that time', () => {
    const trial = quiet(browsing())
    for (let i = 16; i < 32; i++) {
      trial.receive(packetOf(i.toString(16)))
      trial.clock.pass(50)
    }
    trial.clock.pass(90_000)
    trial.take()
    assert.equal(trial.sentIn(7000).length, 1)
  })

  it('is refreshed over the family over which it was received, and then over both if no answer comes', () => {
    for (const [receive, first] of [
      ['receive', 4],
      ['receiveOverIpv6', 6]
    ] as const) {
      const trial = browsing()
      trial.ipv6.browse(TYPE)
      quiet(trial)[receive](packetOf('AA'))
      const families = (ms: number) => trial.sentIn(ms).map(({ family }) => family)
      assert.deepEqual(families(97_000), [first])
      assert.deepEqual(families(6000), [4, 6])
    }
  })

  it('is refreshed over IPv4 if it was received over both families', () => {
    const trial = browsing()
    trial.ipv6.browse(TYPE)
    quiet(trial).receive(packetOf('AA'))
    trial.receiveOverIpv6(packetOf('AA'), true)
    trial.clock.pass(10_000)
    trial.receiveOverIpv6(packetOf('AA'))
    assert.deepEqual(
      trial.sentIn(97_000).map(({ family }) => family),
      [4]
    )
  })

  it('is not refreshed again after an answer', () => {
    const trial = quiet(browsing())
    trial.receive(packetOf('AA'))
    trial.clock.pass(96_000)
    assert.equal(trial.take().length, 1)
    trial.receive(packetOf('AA'))
    assert.deepEqual(trial.sentIn(95_999), [])
  })

  it('is not refreshed if another host has just asked for it', () => {
    const trial = quiet(browsing())
    trial.receive(packetOf('AA'))
    trial.clock.pass(95_500)
    trial.receive(QUESTION)
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('is removed when browsing ends', () => {
    const trial = quiet(browsing())
    trial.receive(packetOf('AA'))
    trial.link.stop(TYPE)
    assert.deepEqual(trial.takeReported(), ['seen AA'])
    assert.equal(trial.cache.size, 0)
  })
})

describe('the same question from another host', () => {
  it('suppresses ours if that is due soon', () => {
    const trial = browsing()
    trial.clock.pass(10)
    trial.receive(QUESTION)
    assert.deepEqual(trial.sentIn(900), [])
    assert.equal(trial.sentIn(200).length, 1)
  })

  it('delays our next one by a random time, so that the other host asks first', () => {
    const trial = browsing()
    trial.clock.pass(10)
    trial.receive(QUESTION)
    const receivedAt = trial.clock.now()
    assert.deepEqual(
      trial.sentIn(1500).map(({ at }) => at - receivedAt),
      [1020]
    )
  })

  it('does not suppress ours if that is due much later', () => {
    const trial = browsing()
    trial.clock.pass(30)
    trial.take()
    trial.receive(QUESTION)
    assert.equal(trial.sentIn(1000).length, 1)
  })

  it('does not suppress ours if it has a known answer that is not known here', () => {
    const trial = browsing()
    trial.receive({ ...QUESTION, answers: [{ type: 'PTR', name: TYPE, ttl: 120, data: `AA.${TYPE}` }] })
    assert.equal(trial.sentIn(30).length, 1)
    const other = browsing()
    other.receive(packetOf('AA'))
    other.receive({ ...QUESTION, answers: [{ type: 'PTR', name: TYPE, ttl: 120, data: `AA.${TYPE}` }] })
    assert.equal(other.sentIn(SILENCE_MS).length, 0)
  })

  it('suppresses ours if its known answer is our own record', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.link.browse(TYPE)
    trial.receive({ ...QUESTION, answers: [{ type: 'PTR', name: TYPE, ttl: 120, data: `AA.${TYPE}` }] })
    assert.deepEqual(trial.sentIn(900), [])
  })

  it('does not suppress ours if it is from another port than 5353, or if more known answers follow', () => {
    for (const [packet, sender] of [
      [QUESTION, LEGACY],
      [{ ...QUESTION, flags: 0x200 }, undefined]
    ] as const) {
      const trial = browsing()
      trial.receive(packet, sender)
      assert.equal(trial.sentIn(30).length, 1)
    }
  })
})
