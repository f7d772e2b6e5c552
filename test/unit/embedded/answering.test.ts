// Which questions are answered, when, and to whom (RFC 6762 §5.4, §6, §7).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Answer, encode, type Packet, type Question } from 'dns-packet'
import { readMessage } from '#tcpnet/discovery/drivers/embedded/messages.js'
import {
  additionalsIn,
  answersIn,
  brief,
  LEGACY,
  LinkTrial,
  OTHER,
  recordsOf,
  SERVICE_TYPES,
  TYPE,
  withQu
} from './link-trial.js'

const [INSTANCE, HOST] = [`AA.${TYPE}`, 'AA.local']
const POINTER: Answer = { type: 'PTR', name: TYPE, ttl: 120, data: INSTANCE }

function ask(name: string, type: string, more: Partial<Packet> = {}): Packet {
  return { type: 'query', questions: [{ name, type } as Question], ...more }
}

function asking(name: string, type: string, answers: Answer[] = []): { trial: LinkTrial; at: number } {
  const trial = new LinkTrial()
  trial.announced('AA')
  trial.receive(ask(name, type, { answers }))
  return { trial, at: trial.clock.now() }
}

describe('an answer', () => {
  it('comes at once where only we can have it', () => {
    for (const [name, type, expected] of [
      [INSTANCE, 'SRV', `SRV ${INSTANCE}`],
      [INSTANCE, 'TXT', `TXT ${INSTANCE}`],
      [HOST, 'A', `A ${HOST}`],
      ['aa.LOCAL', 'AAAA', `AAAA ${HOST}`]
    ] as const) {
      assert.deepEqual(answersIn(asking(name, type).trial.sentIn(1)).map(brief), [expected])
    }
  })

  it('comes after 20 to 120 ms where others can have one, too', () => {
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

  it('has beside it what is asked for next', () => {
    const told = (type: string, name: string) => {
      const sent = asking(name, type).trial.sentIn(200)
      return additionalsIn(sent).map(brief)
    }
    assert.deepEqual(told('PTR', TYPE), [`SRV ${INSTANCE}`, `TXT ${INSTANCE}`, `A ${HOST}`, `AAAA ${HOST}`])
    assert.deepEqual(told('SRV', INSTANCE), [`A ${HOST}`, `AAAA ${HOST}`])
    assert.deepEqual(told('A', HOST), [`AAAA ${HOST}`])
    assert.deepEqual(told('PTR', SERVICE_TYPES), [])
  })

  it('to a question for all is all there is', () => {
    assert.deepEqual(answersIn(asking(INSTANCE, 'ANY').trial.sentIn(1)).map(brief), [
      `SRV ${INSTANCE}`,
      `TXT ${INSTANCE}`
    ])
  })

  it('says that there is no such record of a name that is ours alone', () => {
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

  it('says nothing of a name that is ours no more', () => {
    const trial = new LinkTrial()
    const publication = trial.announced('AA')
    trial.receive(ask(HOST, 'HINFO'))
    publication.close()
    trial.take()
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('says it beside the addresses of one family', () => {
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

  it('is given for none but our own names', () => {
    for (const [name, type] of [
      ['BB.local', 'A'],
      [`BB.${TYPE}`, 'SRV'],
      ['_other._tcp.local', 'PTR'],
      [TYPE, 'SRV']
    ] as const) {
      assert.deepEqual(asking(name, type).trial.sentIn(5000), [])
    }
  })

  it('to several questions is one message, delayed as the slowest of them', () => {
    const { trial } = asking('nobody.local', 'A')
    const questions = [TYPE, INSTANCE].map((name, i) => ({ name, type: i === 0 ? 'PTR' : 'SRV' }) as Question)
    trial.receive({ type: 'query', questions })
    assert.deepEqual(trial.sentIn(19), [])
    const sent = trial.sentIn(1)
    assert.equal(sent.length, 1)
    assert.deepEqual(answersIn(sent).map(brief), [`PTR ${TYPE}`, `SRV ${INSTANCE}`])
  })

  it('to questions that come close together is one message', () => {
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

  it('is not sent twice in a second, but as soon as that is over', () => {
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
  it('keeps ours back where it has half of its lifetime left', () => {
    assert.deepEqual(asking(TYPE, 'PTR', [{ ...POINTER, ttl: 60 }]).trial.sentIn(5000), [])
    assert.equal(answersIn(asking(TYPE, 'PTR', [{ ...POINTER, ttl: 59 }]).trial.sentIn(200)).length, 1)
  })

  it('keeps back none but the same', () => {
    const other: Answer = { ...POINTER, data: `BB.${TYPE}` } as Answer
    assert.equal(answersIn(asking(TYPE, 'PTR', [other]).trial.sentIn(200)).length, 1)
  })

  it('is awaited for 400 to 500 ms where more are to come', () => {
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

  it('is awaited longer where still more are to come, but not for ever', () => {
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

  it('of another host is none for a question of this one', () => {
    const { trial } = asking('nobody.local', 'A')
    trial.receive(ask(TYPE, 'PTR', { flags: 0x200 }))
    trial.receive({ type: 'query', answers: [POINTER] }, { ...OTHER, address: '10.77.1.3' })
    assert.equal(answersIn(trial.sentIn(700)).length, 1)
  })

  it('is awaited for a few queries at once, and others are answered without', () => {
    const { trial } = asking('nobody.local', 'A')
    for (let i = 0; i < 1000; i++)
      trial.receive(ask(TYPE, 'PTR', { flags: 0x200 }), { ...OTHER, address: `10.77.${i >> 8}.${i & 255}` })
    assert.equal(answersIn(trial.sentIn(200)).length, 1)
  })
})

describe('an answer of another host', () => {
  const SHARED: Answer = { type: 'PTR', name: SERVICE_TYPES, ttl: 4500, data: TYPE }

  it('that is the same as ours is taken for ours', () => {
    const { trial } = asking(SERVICE_TYPES, 'PTR')
    trial.receive({ type: 'response', answers: [SHARED] })
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('that ends sooner than ours does not take its place', () => {
    const { trial } = asking(SERVICE_TYPES, 'PTR')
    trial.receive({ type: 'response', answers: [{ ...SHARED, ttl: 4499 }] })
    assert.equal(answersIn(trial.sentIn(200)).length, 1)
  })

  it('that ends too soon is set right', () => {
    for (const ttl of [0, 59]) {
      const { trial } = asking('nobody.local', 'A')
      trial.receive({ type: 'response', answers: [{ ...POINTER, ttl }] })
      const [answer] = answersIn(trial.sentIn(1))
      assert.ok(answer?.type === 'PTR' && answer.ttl === 120 && answer.data === INSTANCE)
    }
  })
})

describe('a question that wants its answer by unicast', () => {
  it('is answered so where the record was sent to all a short while ago, and at once', () => {
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

  it('is answered to all as well where that was long ago', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.clock.pass(31_000)
    trial.receiveBytes(withQu(ask(TYPE, 'PTR')))
    assert.deepEqual(
      trial.sentIn(200).map(({ to }) => to),
      [OTHER, null]
    )
  })

  it('from an address that is not of the link is answered to all', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.receiveBytes(withQu(ask(TYPE, 'PTR')), { ...OTHER, isOnLink: false })
    assert.deepEqual(
      trial.sentIn(200).map(({ to }) => to),
      [null]
    )
  })
})

describe('one that speaks unicast DNS alone', () => {
  it('gets its ID and question back, with short lifetimes and no flush bits', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.receive({ ...ask(TYPE, 'PTR'), id: 4711, flags: 0x100 }, LEGACY)
    const [sent, ...others] = trial.take()
    assert.deepEqual(others, [])
    assert.deepEqual(sent?.to, LEGACY)
    assert.equal(sent?.packet.id, 4711)
    assert.deepEqual(sent?.packet.questions, [{ name: TYPE, type: 'PTR', class: 'IN' }])
    assert.deepEqual((sent?.packet.answers ?? []).map(brief), [`PTR ${TYPE}`])
    assert.deepEqual((sent?.packet.additionals ?? []).map(brief), [
      `SRV ${INSTANCE}`,
      `TXT ${INSTANCE}`,
      `A ${HOST}`,
      `AAAA ${HOST}`
    ])
    for (const record of [...(sent?.packet.answers ?? []), ...(sent?.packet.additionals ?? [])])
      assert.ok('ttl' in record && record.flush === false && (record.ttl ?? 0) <= 10)
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('gets the QU bit of its question back', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.receiveBytes(withQu(ask(INSTANCE, 'SRV', { id: 1 })), LEGACY)
    assert.equal(trial.take()[0]?.packet.questions?.[0]?.class, 'UNKNOWN_32769')
  })

  it('gets as many instances as fit into 512 bytes, whole, and is told that there are more', () => {
    const trial = new LinkTrial()
    const uuids = Array.from({ length: 20 }, (_, i) => i.toString(16).toUpperCase().padStart(32, 'A'))
    for (const uuid of uuids) trial.announced(uuid)
    trial.receive(ask(TYPE, 'PTR'), LEGACY)
    const [sent] = trial.take()
    assert.ok(sent !== undefined && sent.bytes.length <= 512)
    assert.ok(sent.packet.flag_tc)
    const instances = answersIn([sent]).length
    assert.ok(instances >= 2)
    assert.equal(additionalsIn([sent]).length, instances * 4)
  })

  it('gets as much as it says that it can take', () => {
    const trial = new LinkTrial()
    for (let i = 16; i < 21; i++) trial.announced(i.toString(16).toUpperCase())
    const option = { type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] } as unknown as Answer
    trial.receive(ask(TYPE, 'PTR', { additionals: [option] }), LEGACY)
    const [sent] = trial.take()
    assert.equal(sent?.packet.answers?.length, 5)
    assert.equal(sent?.packet.flag_tc, false)
  })

  it('gets no answer for a type of record that we never have', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.receive(ask(HOST, 'HINFO'), LEGACY)
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('gets no answer that it knows, and none at all from an address that is not of the link', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.receive(ask(TYPE, 'PTR', { answers: [POINTER] }), LEGACY)
    trial.receive(ask(TYPE, 'PTR'), { ...LEGACY, isOnLink: false })
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('gets the answer that was made for the same message before, unless our records have changed', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    // As the inbox gives messages of the same bytes.
    const message = readMessage(encode(ask(TYPE, 'PTR')))
    const answers = () => {
      trial.link.receive(message, LEGACY, false)
      return trial.take()
    }
    const [first, second] = [answers(), answers()]
    assert.equal(first[0]?.bytes, second[0]?.bytes)
    const other = trial.announced('BB')
    assert.equal(answers()[0]?.packet.answers?.length, 2)
    other.close()
    trial.take()
    assert.equal(answers()[0]?.packet.answers?.length, 1)
  })

  it('gets no more than a few hundred answers a second', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    for (let i = 0; i < 10_000; i++) trial.receive(ask(TYPE, 'PTR'), LEGACY)
    assert.equal(trial.take().length, 400)
    trial.clock.pass(1000)
    for (let i = 0; i < 10_000; i++) trial.receive(ask(TYPE, 'PTR'), LEGACY)
    assert.equal(trial.take().length, 200)
  })
})
