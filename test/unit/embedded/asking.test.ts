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

/** Hears an instance, and lets the questions of the beginning be over: the next would be asked after an hour. */
function quiet(trial: LinkTrial): LinkTrial {
  trial.clock.pass(5 * 3_600_000)
  trial.take()
  return trial
}

function questionsIn(sent: readonly Sent[]): string[] {
  return sent.flatMap(({ packet }) => (packet.questions ?? []).map(({ type, name }) => `${type} ${name}`))
}

describe('a question', () => {
  it('is asked after 20 to 120 ms, after a second, and then after intervals that double up to an hour', () => {
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

  it('is a query of class IN without QU bit, with ID 0 and no flags', () => {
    const [sent] = browsing().sentIn(30)
    assert.equal(sent?.to, null)
    assert.equal(sent?.bytes.readUInt32BE(0), 0)
    assert.deepEqual(sent?.packet.questions, [{ type: 'PTR', name: TYPE, class: 'IN' }])
    assert.deepEqual(answersIn([sent]), [])
  })

  it('is asked with others that are due', () => {
    const trial = browsing()
    trial.link.browse('_other._tcp.local')
    assert.deepEqual(questionsIn(trial.sentIn(30)), [`PTR ${TYPE}`, 'PTR _other._tcp.local'])
  })

  it('is asked once, however many browse, and until the last of them stops', () => {
    const trial = browsing()
    trial.link.browse(TYPE)
    assert.equal(trial.sentIn(30).length, 1)
    trial.link.stop(TYPE)
    assert.equal(trial.sentIn(1000).length, 1)
    trial.link.stop(TYPE)
    assert.deepEqual(trial.sentIn(100_000), [])
    assert.ok(trial.clock.isIdle)
  })

  it('for one instance is asked for all of it, at once', () => {
    const trial = new LinkTrial()
    trial.link.ask(`AA.${TYPE}`)
    assert.deepEqual(questionsIn(trial.take()), [`ANY AA.${TYPE}`])
  })
})

/** Milliseconds in which the first question is asked after others were heard. */
const SILENCE_MS = 130

describe('the first question', () => {
  it('waits until others have been silent for 100 ms, but no longer than a second', () => {
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
  it('is told with what it has left, from half of its lifetime on no more', () => {
    const trial = browsing()
    trial.receive(packetOf('AA'))
    trial.clock.pass(SILENCE_MS)
    const [told] = answersIn(trial.take())
    assert.ok(told?.type === 'PTR')
    assert.deepEqual([told.data, told.ttl, told.flush], [`AA.${TYPE}`, 119, false])
    // The next questions are asked after 1, 3, 7, 15, 31 and 63 seconds.
    const counts = trial.sentIn(64_000).map(({ packet }) => packet.answers?.length)
    assert.deepEqual(counts, [1, 1, 1, 1, 1, 0])
  })

  it('is told of a bounded number of instances, the first known', () => {
    const trial = browsing()
    for (let i = 0; i < 3000; i++) trial.receive(packetOf((0xf0000000 + i).toString(16).toUpperCase()))
    const sent = trial.sentIn(SILENCE_MS)
    assert.equal(answersIn(sent).length, 512)
    assert.match(JSON.stringify(answersIn(sent)[511]), /F00001FF/)
    assert.ok(sent.length < 12)
  })

  it('that finds no room in the first packet comes in the next, and all but the last say that more follow', () => {
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

describe('a record that is browsed', () => {
  it('is asked for at 80, 85, 90 and 95 % of its lifetime, and 2 % later at most', () => {
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

  it('is asked for with all that end at about that time, in one question', () => {
    const trial = quiet(browsing())
    for (let i = 16; i < 32; i++) {
      trial.receive(packetOf(i.toString(16)))
      trial.clock.pass(50)
    }
    trial.clock.pass(90_000)
    trial.take()
    assert.equal(trial.sentIn(7000).length, 1)
  })

  it('is asked for over the family over which it came, and over both where that gets no answer', () => {
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

  it('is asked for over IPv4 alone where it came over both', () => {
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

  it('is asked for no more where it came again', () => {
    const trial = quiet(browsing())
    trial.receive(packetOf('AA'))
    trial.clock.pass(96_000)
    assert.equal(trial.take().length, 1)
    trial.receive(packetOf('AA'))
    assert.deepEqual(trial.sentIn(95_999), [])
  })

  it('is not asked for where another host has just done so', () => {
    const trial = quiet(browsing())
    trial.receive(packetOf('AA'))
    trial.clock.pass(95_500)
    trial.receive(QUESTION)
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('does not keep others that nobody browses', () => {
    const trial = quiet(browsing())
    trial.receive(packetOf('AA'))
    trial.link.stop(TYPE)
    assert.deepEqual(trial.takeReported(), ['seen AA'])
    assert.equal(trial.cache.size, 0)
  })
})

describe('the same question of another host', () => {
  it('takes the place of ours where that is about to be asked', () => {
    const trial = browsing()
    trial.clock.pass(10)
    trial.receive(QUESTION)
    assert.deepEqual(trial.sentIn(900), [])
    assert.equal(trial.sentIn(200).length, 1)
  })

  it('is asked again by the host that has asked it, a moment before those that heard it', () => {
    const trial = browsing()
    trial.clock.pass(10)
    trial.receive(QUESTION)
    const heardAt = trial.clock.now()
    assert.deepEqual(
      trial.sentIn(1500).map(({ at }) => at - heardAt),
      [1020]
    )
  })

  it('does not where ours would be asked much later', () => {
    const trial = browsing()
    trial.clock.pass(30)
    trial.take()
    trial.receive(QUESTION)
    assert.equal(trial.sentIn(1000).length, 1)
  })

  it('does not where that host knows an answer that we do not know, since it is not told to us', () => {
    const trial = browsing()
    trial.receive({ ...QUESTION, answers: [{ type: 'PTR', name: TYPE, ttl: 120, data: `AA.${TYPE}` }] })
    assert.equal(trial.sentIn(30).length, 1)
    const other = browsing()
    other.receive(packetOf('AA'))
    other.receive({ ...QUESTION, answers: [{ type: 'PTR', name: TYPE, ttl: 120, data: `AA.${TYPE}` }] })
    assert.equal(other.sentIn(SILENCE_MS).length, 0)
  })

  it('does where that host knows our own answer, which need not be told to us', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.link.browse(TYPE)
    trial.receive({ ...QUESTION, answers: [{ type: 'PTR', name: TYPE, ttl: 120, data: `AA.${TYPE}` }] })
    assert.deepEqual(trial.sentIn(900), [])
  })

  it('does not where its answers do not come to us: from another port, or with more known answers to follow', () => {
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
