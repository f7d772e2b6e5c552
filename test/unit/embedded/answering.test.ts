// Which questions are answered, when, and by unicast or multicast (RFC 6762 §5.4, §6, §7).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Answer, Question } from 'dns-packet'
import {
  additionalsIn,
  answersIn,
  ask,
  brief,
  LinkTrial,
  OTHER,
  recordsOf,
  SERVICE_TYPES,
  TYPE,
  withQu
} from './link-trial.js'

const [INSTANCE, HOST] = [`AA.${TYPE}`, 'AA.local']
const POINTER: Answer = { type: 'PTR', name: TYPE, ttl: 120, data: INSTANCE }

function asking(name: string, type: string, answers: Answer[] = []): { trial: LinkTrial; at: number } {
  const trial = new LinkTrial()
  trial.announced('AA')
  trial.receive(ask(name, type, { answers }))
  return { trial, at: trial.clock.now() }
}

describe('an answer', () => {
  it('is sent at once if its records are unique to us', () => {
    for (const [name, type, expected] of [
      [INSTANCE, 'SRV', `SRV ${INSTANCE}`],
      [INSTANCE, 'TXT', `TXT ${INSTANCE}`],
      [HOST, 'A', `A ${HOST}`],
      ['aa.LOCAL', 'AAAA', `AAAA ${HOST}`]
    ] as const) {
      assert.deepEqual(answersIn(asking(name, type).trial.sentIn(1)).map(brief), [expected])
    }
  })

  it('is sent after 20 to 120 ms if other hosts may have an answer as well', () => {
    for (const [chance, afterMs] of [
      [0, 20],
      [0.5, 70],
      [1, 120]
    ] as const) {
      const trial = new LinkTrial()
      trial.announced('AA')
      trial.clock.chance = chance
      trial.receive(ask(TYPE, 'PTR'))
      assert.deepEqual(trial.sentIn(afterMs - 1), [])
      assert.deepEqual(answersIn(trial.sentIn(1)).map(brief), [`PTR ${TYPE}`])
    }
  })

  it('has the records that are asked for next as additional records', () => {
    const additionals = (type: string, name: string) => {
      const sent = asking(name, type).trial.sentIn(200)
      return additionalsIn(sent).map(brief)
    }
    assert.deepEqual(additionals('PTR', TYPE), [`SRV ${INSTANCE}`, `TXT ${INSTANCE}`, `A ${HOST}`, `AAAA ${HOST}`])
    assert.deepEqual(additionals('SRV', INSTANCE), [`A ${HOST}`, `AAAA ${HOST}`])
    assert.deepEqual(additionals('A', HOST), [`AAAA ${HOST}`])
    assert.deepEqual(additionals('PTR', SERVICE_TYPES), [])
  })

  it('to an ANY question has all records of the name', () => {
    assert.deepEqual(answersIn(asking(INSTANCE, 'ANY').trial.sentIn(1)).map(brief), [
      `SRV ${INSTANCE}`,
      `TXT ${INSTANCE}`
    ])
  })

  it('is negative if a name that is unique to us has no such record', () => {
    for (const [name, types] of [
      [INSTANCE, ['TXT', 'SRV']],
      [HOST, ['A', 'AAAA']]
    ] as const) {
      const [answer] = answersIn(asking(name, 'HINFO').trial.sentIn(1))
      assert.ok(answer?.type === 'NSEC')
      assert.equal(answer.name, name)
      assert.equal(answer.flush, true)
      assert.deepEqual(answer.data, { nextDomain: name, rrtypes: types })
    }
  })

  it('is not sent for a name that is no longer ours', () => {
    const trial = new LinkTrial()
    const publication = trial.announced('AA')
    trial.receive(ask(HOST, 'HINFO'))
    publication.close()
    trial.take()
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('with addresses of one family only is accompanied by a negative answer', () => {
    const trial = new LinkTrial()
    trial.announced(
      'AA',
      recordsOf('AA').filter(({ type }) => type !== 'AAAA')
    )
    trial.receive(ask(HOST, 'AAAA'))
    trial.receive(ask(INSTANCE, 'SRV'))
    const sent = trial.sentIn(1)
    const [missing] = answersIn(sent).filter(({ type }) => type === 'NSEC')
    assert.ok(missing?.type === 'NSEC')
    assert.deepEqual(missing.data, { nextDomain: HOST, rrtypes: ['A'] })
  })

  it('is sent for our own names only', () => {
    for (const [name, type] of [
      ['BB.local', 'A'],
      [`BB.${TYPE}`, 'SRV'],
      ['_other._tcp.local', 'PTR'],
      [TYPE, 'SRV']
    ] as const) {
      assert.deepEqual(asking(name, type).trial.sentIn(5000), [])
    }
  })

  it('to several questions is one message, with the longest of their delays', () => {
    const { trial } = asking('nobody.local', 'A')
    const questions = [TYPE, INSTANCE].map((name, i) => ({ name, type: i === 0 ? 'PTR' : 'SRV' }) as Question)
    trial.receive({ type: 'query', questions })
    assert.deepEqual(trial.sentIn(19), [])
    const sent = trial.sentIn(1)
    assert.equal(sent.length, 1)
    assert.deepEqual(answersIn(sent).map(brief), [`PTR ${TYPE}`, `SRV ${INSTANCE}`])
  })

  it('to questions that are received in close succession is one message', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.announced('BB')
    trial.clock.chance = 1
    trial.receive(ask(TYPE, 'PTR'))
    trial.receive(ask(SERVICE_TYPES, 'PTR'))
    const sent = trial.sentIn(120)
    assert.equal(sent.length, 1)
    assert.equal(answersIn(sent).length, 3)
  })

  it('is not sent twice in a second, but as soon as a second has passed', () => {
    const { trial } = asking(INSTANCE, 'SRV')
    trial.take()
    const [first] = trial.sentIn(1)
    trial.receive(ask(INSTANCE, 'SRV'))
    assert.deepEqual(trial.sentIn(998), [])
    const [second] = trial.sentIn(2)
    assert.equal((second?.at ?? 0) - (first?.at ?? 0), 1000)
    // Nor as an additional record.
    trial.receive(ask(TYPE, 'PTR'))
    assert.ok(additionalsIn(trial.sentIn(100)).every(({ type }) => type !== 'SRV'))
  })
})

describe('a known answer', () => {
  it('suppresses our answer if it has at least half of its TTL left', () => {
    assert.deepEqual(asking(TYPE, 'PTR', [{ ...POINTER, ttl: 60 }]).trial.sentIn(5000), [])
    assert.equal(answersIn(asking(TYPE, 'PTR', [{ ...POINTER, ttl: 59 }]).trial.sentIn(200)).length, 1)
  })

  it('suppresses only the same answer', () => {
    const other: Answer = { ...POINTER, data: `BB.${TYPE}` } as Answer
    assert.equal(answersIn(asking(TYPE, 'PTR', [other]).trial.sentIn(200)).length, 1)
  })

  it('is awaited for 400 to 500 ms if the query has the TC bit', () => {
    for (const isKnown of [false, true]) {
      const { trial } = asking('nobody.local', 'A')
      trial.clock.chance = 0.5
      trial.receive(ask(TYPE, 'PTR', { flags: 0x200 }))
      trial.clock.pass(300)
      if (isKnown) trial.receive({ type: 'query', answers: [POINTER] })
      assert.deepEqual(trial.sentIn(149), [])
      assert.equal(answersIn(trial.sentIn(2)).length, isKnown ? 0 : 1)
    }
  })

  it('is awaited longer if a further message has the TC bit as well, but not forever', () => {
    const { trial } = asking('nobody.local', 'A')
    trial.receive(ask(TYPE, 'PTR', { flags: 0x200 }))
    trial.clock.pass(300)
    trial.receive({ type: 'query', flags: 0x200, answers: [] })
    assert.deepEqual(trial.sentIn(390), [])
    for (let i = 0; i < 100; i++) {
      trial.receive({ type: 'query', flags: 0x200, answers: [] })
      trial.clock.pass(10)
    }
    assert.equal(answersIn(trial.take()).length, 1)
  })

  it('does not apply to the question of another host', () => {
    const { trial } = asking('nobody.local', 'A')
    trial.receive(ask(TYPE, 'PTR', { flags: 0x200 }))
    trial.receive({ type: 'query', answers: [POINTER] }, { ...OTHER, address: '10.77.1.3' })
    assert.equal(answersIn(trial.sentIn(700)).length, 1)
  })

  it('is awaited for a bounded number of queries, and others are answered without', () => {
    const { trial } = asking('nobody.local', 'A')
    for (let i = 0; i < 1000; i++)
      trial.receive(ask(TYPE, 'PTR', { flags: 0x200 }), { ...OTHER, address: `10.77.${i >> 8}.${i & 255}` })
    assert.equal(answersIn(trial.sentIn(200)).length, 1)
  })
})

describe('a record from another host', () => {
  const SHARED: Answer = { type: 'PTR', name: SERVICE_TYPES, ttl: 4500, data: TYPE }

  it('that is the same as our answer suppresses it', () => {
    const { trial } = asking(SERVICE_TYPES, 'PTR')
    trial.receive({ type: 'response', answers: [SHARED] })
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('that has a shorter TTL than our answer does not suppress it', () => {
    const { trial } = asking(SERVICE_TYPES, 'PTR')
    trial.receive({ type: 'response', answers: [{ ...SHARED, ttl: 4499 }] })
    assert.equal(answersIn(trial.sentIn(200)).length, 1)
  })

  it('that has less than half of our TTL is corrected', () => {
    for (const ttl of [0, 59]) {
      const { trial } = asking('nobody.local', 'A')
      trial.receive({ type: 'response', answers: [{ ...POINTER, ttl }] })
      const [answer] = answersIn(trial.sentIn(1))
      assert.ok(answer?.type === 'PTR' && answer.ttl === 120 && answer.data === INSTANCE)
    }
  })
})

describe('a question with the QU bit', () => {
  it('is answered by unicast, at once, if the record was multicast recently', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.receiveBytes(withQu(ask(TYPE, 'PTR')))
    const [sent, ...others] = trial.take()
    assert.deepEqual(others, [])
    assert.deepEqual(sent?.to, OTHER)
    assert.equal(sent?.packet.answers?.length, 1)
    assert.equal(sent?.packet.additionals?.length, 4)
    assert.deepEqual(trial.sentIn(1000), [])
  })

  it('is also answered by multicast if the record was not multicast recently', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.clock.pass(31_000)
    trial.receiveBytes(withQu(ask(TYPE, 'PTR')))
    assert.deepEqual(
      trial.sentIn(200).map(({ to }) => to),
      [OTHER, null]
    )
  })

  it('from an address that is not on the link is answered by multicast', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.receiveBytes(withQu(ask(TYPE, 'PTR')), { ...OTHER, isOnLink: false })
    assert.deepEqual(
      trial.sentIn(200).map(({ to }) => to),
      [null]
    )
  })
})
