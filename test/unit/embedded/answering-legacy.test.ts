// Which answers queriers get that speak unicast DNS alone (RFC 6762 §6.7).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Answer, encode } from 'dns-packet'
import { readMessage } from '#tcpnet/discovery/drivers/embedded/messages.js'
import { additionalsIn, answersIn, ask, brief, LEGACY, LinkTrial, TYPE, withQu } from './link-trial.js'

const [INSTANCE, HOST] = [`AA.${TYPE}`, 'AA.local']
const POINTER: Answer = { type: 'PTR', name: TYPE, ttl: 120, data: INSTANCE }

describe('a querier that speaks unicast DNS alone', () => {
  it('gets its ID and question back, with short lifetimes and no flush bits', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.hear({ ...ask(TYPE, 'PTR'), id: 4711, flags: 0x100 }, LEGACY)
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
    trial.hearBytes(withQu(ask(INSTANCE, 'SRV', { id: 1 })), LEGACY)
    assert.equal(trial.take()[0]?.packet.questions?.[0]?.class, 'UNKNOWN_32769')
  })

  it('gets as many instances as fit into 512 bytes, whole, and is told that there are more', () => {
    const trial = new LinkTrial()
    const uuids = Array.from({ length: 20 }, (_, i) => i.toString(16).toUpperCase().padStart(32, 'A'))
    for (const uuid of uuids) trial.announced(uuid)
    trial.hear(ask(TYPE, 'PTR'), LEGACY)
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
    trial.hear(ask(TYPE, 'PTR', { additionals: [option] }), LEGACY)
    const [sent] = trial.take()
    assert.equal(sent?.packet.answers?.length, 5)
    assert.equal(sent?.packet.flag_tc, false)
  })

  it('gets no answer for a type of record that we never have', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.hear(ask(HOST, 'HINFO'), LEGACY)
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('gets no answer that it knows, and none at all from an address that is not of the link', () => {
    const trial = new LinkTrial()
    trial.announced('AA')
    trial.hear(ask(TYPE, 'PTR', { answers: [POINTER] }), LEGACY)
    trial.hear(ask(TYPE, 'PTR'), { ...LEGACY, isOnLink: false })
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
    for (let i = 0; i < 600; i++) trial.hear(ask(TYPE, 'PTR'), LEGACY)
    assert.equal(trial.take().length, 400)
    trial.clock.pass(1000)
    for (let i = 0; i < 600; i++) trial.hear(ask(TYPE, 'PTR'), LEGACY)
    assert.equal(trial.take().length, 200)
  })
})
