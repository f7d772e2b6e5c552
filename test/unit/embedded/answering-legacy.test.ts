// The answers to legacy queries: those of unicast DNS (RFC 6762 §6.7).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Answer, encode } from 'dns-packet'
import { readMessage } from '#tcpnet/discovery/drivers/embedded/messages.js'
import { additionalsIn, answersIn, ask, brief, LEGACY, LinkTrial, TYPE, withQu } from './link-trial.js'

const [INSTANCE, HOST] = [`AA.${TYPE}`, 'AA.local']
const POINTER: Answer = { type: 'PTR', name: TYPE, ttl: 120, data: INSTANCE }

describe('a legacy query', () => {
  it('gets a response with its ID and question, short TTLs and no cache-flush bits', () => {
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

  it('gets a response with the QU bit of its question', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.receiveBytes(withQu(ask(INSTANCE, 'SRV', { id: 1 })), LEGACY)
    assert.equal(trial.take()[0]?.packet.questions?.[0]?.class, 'UNKNOWN_32769')
  })

  it('gets as many complete instances as fit into 512 bytes, and the TC bit', () => {
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

  it('gets a response of up to the size in its OPT record', () => {
    const trial = new LinkTrial()
    for (let i = 16; i < 21; i++) trial.announced(i.toString(16).toUpperCase())
    const option = { type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] } as unknown as Answer
    trial.receive(ask(TYPE, 'PTR', { additionals: [option] }), LEGACY)
    const [sent] = trial.take()
    assert.equal(sent?.packet.answers?.length, 5)
    assert.equal(sent?.packet.flag_tc, false)
  })

  it('gets no response if not even its questions fit into one', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    const others = Array.from({ length: 40 }, (_, i) => ({ type: 'PTR', name: `${'a'.repeat(20)}${i}.local` }) as const)
    trial.receive({ type: 'query', questions: [{ type: 'PTR', name: TYPE }, ...others] }, LEGACY)
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('gets no answer to a question of an unsupported type', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.receive(ask(HOST, 'HINFO'), LEGACY)
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('gets no known answer, and no response at all if its source address is not on the link', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.receive(ask(TYPE, 'PTR', { answers: [POINTER] }), LEGACY)
    trial.receive(ask(TYPE, 'PTR'), { ...LEGACY, isOnLink: false })
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('gets the cached response to the same message, unless our records have changed', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    // The inbox returns the same object for messages with the same bytes.
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

  it('is answered at most a few hundred times a second', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    for (let i = 0; i < 1000; i++) trial.receive(ask(TYPE, 'PTR'), LEGACY)
    assert.equal(trial.take().length, 400)
    trial.clock.pass(1000)
    for (let i = 0; i < 600; i++) trial.receive(ask(TYPE, 'PTR'), LEGACY)
    assert.equal(trial.take().length, 200)
  })
})
