// Announcements, updates and goodbyes (RFC 6762 §8.3, §8.4, §10.1, §10.2), as other hosts receive them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Packet } from 'dns-packet'
import { additionalsIn, answersIn, brief, LinkTrial, recordsOf, SERVICE_TYPES, TYPE } from './link-trial.js'

describe('an announcement', () => {
  it('is sent at once and again a second later, with all records, and is reported once', () => {
    const trial = new LinkTrial()
    trial.publish('AA')
    const [first, ...none] = trial.sentIn(10)
    assert.ok(first !== undefined)
    assert.deepEqual(none, [])
    assert.deepEqual(trial.takeReported(), ['announced'])
    const { packet } = first
    assert.deepEqual((packet.answers ?? []).map(brief).sort(), [
      'A AA.local',
      'AAAA AA.local',
      `PTR ${TYPE}`,
      `PTR ${SERVICE_TYPES}`,
      `SRV AA.${TYPE}`,
      `TXT AA.${TYPE}`
    ])
    assert.deepEqual(trial.sentIn(980), [])
    const [second] = trial.sentIn(20)
    assert.deepEqual(second?.packet, packet)
    assert.deepEqual(trial.sentIn(60_000), [])
    assert.deepEqual(trial.takeReported(), [])
  })

  it('includes a shared record that another host has just sent', () => {
    const trial = new LinkTrial()
    trial.publish('AA')
    trial.receive({ type: 'response', answers: [{ type: 'PTR', name: SERVICE_TYPES, ttl: 4500, data: TYPE }] })
    assert.ok(answersIn(trial.sentIn(10)).map(brief).includes(`PTR ${SERVICE_TYPES}`))
  })

  it('has the cache-flush bit on unique records only, and the recommended TTLs', () => {
    const trial = new LinkTrial()
    trial.publish('AA')
    const answers = answersIn(trial.sentIn(10))
    const sent = answers.map((answer) => ('ttl' in answer ? [brief(answer), answer.ttl, answer.flush] : []))
    assert.deepEqual(Object.fromEntries(sent.map(([what, ...rest]) => [what, rest])), {
      [`PTR ${TYPE}`]: [120, false],
      [`PTR ${SERVICE_TYPES}`]: [4500, false],
      [`SRV AA.${TYPE}`]: [120, true],
      [`TXT AA.${TYPE}`]: [4500, true],
      'A AA.local': [120, true],
      'AAAA AA.local': [120, true]
    })
  })

  it('is a response with ID 0, no flag but AA, and no question', () => {
    const trial = new LinkTrial()
    trial.publish('AA')
    const [sent] = trial.sentIn(10)
    assert.equal(sent?.bytes.readUInt16BE(0), 0)
    assert.equal(sent?.bytes.readUInt16BE(2), 0x8400)
    assert.deepEqual(sent?.packet.questions, [])
  })

  it('of several services that start together is one message', () => {
    const trial = new LinkTrial()
    for (const uuid of ['AA', 'BB', 'CC']) trial.publish(uuid)
    const sent = trial.sentIn(10)
    assert.equal(sent.length, 1)
    // The shared record is sent once.
    assert.equal(answersIn(sent).length, 3 * 5 + 1)
  })
})

describe('a goodbye', () => {
  it('is sent at once for all records but the service type, with a TTL of 0', () => {
    const trial = new LinkTrial()
    const publication = trial.announced('AA')
    publication.close()
    const answers = answersIn(trial.take())
    assert.deepEqual(answers.map(brief).sort(), [
      'A AA.local',
      'AAAA AA.local',
      `PTR ${TYPE}`,
      `SRV AA.${TYPE}`,
      `TXT AA.${TYPE}`
    ])
    assert.ok(answers.every((answer) => 'ttl' in answer && answer.ttl === 0))
    publication.close()
    assert.deepEqual(trial.sentIn(60_000), [])
  })

  it('cancels the second announcement and waiting answers', () => {
    const trial = new LinkTrial()
    const publication = trial.publish('AA')
    trial.sentIn(500)
    trial.receive({ type: 'query', questions: [{ type: 'PTR', name: TYPE }] })
    publication.close()
    trial.take()
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('is not sent for records that were never announced', () => {
    const trial = new LinkTrial()
    trial.publish('AA', true).close()
    assert.deepEqual(trial.sentIn(5000), [])
  })

  it('is not sent for records that another service of this process has', () => {
    const trial = new LinkTrial()
    const shared = recordsOf('AA').filter(({ type }) => type === 'PTR')
    const publication = trial.announced('AA')
    trial.announced('BB', shared)
    publication.close()
    assert.ok(answersIn(trial.take()).every(({ type }) => type !== 'PTR'))
  })
})

describe('an update', () => {
  it('sends goodbyes for records left out, and announces the new set twice', () => {
    const trial = new LinkTrial()
    const publication = trial.announced('AA')
    publication.update(recordsOf('AA', { address: '10.77.1.9' }))
    const [goodbye, announcement, again, ...none] = trial.sentIn(5000)
    const [gone, ...others] = goodbye?.packet.answers ?? []
    assert.deepEqual(others, [])
    assert.ok(gone?.type === 'A' && gone.data === '10.77.1.1' && gone.ttl === 0)
    const address = (answers = announcement?.packet.answers ?? []) => answers.find(({ type }) => type === 'A')
    const announced = address()
    assert.ok(announced?.type === 'A' && announced.data === '10.77.1.9' && announced.flush === true)
    assert.deepEqual(again?.packet, announcement?.packet)
    assert.deepEqual(none, [])
  })

  it('takes back a negative answer that is due, for a name that has such a record now', () => {
    const trial = new LinkTrial()
    const without = recordsOf('AA').filter(({ type }) => type !== 'AAAA')
    const publication = trial.announced('AA', without)
    const question: Packet = { type: 'query', questions: [{ type: 'AAAA', name: 'AA.local' }] }
    trial.receive(question)
    trial.sentIn(500)
    // Sent a moment ago, so that the answer to the next question has to wait.
    trial.receive(question)
    publication.update(recordsOf('AA'))
    const types = trial.sentIn(5000).flatMap(({ packet }) => [...(packet.answers ?? []), ...(packet.additionals ?? [])])
    assert.ok(types.some(({ type }) => type === 'AAAA'))
    assert.ok(!types.some(({ type }) => type === 'NSEC'))
  })

  it('during probing starts the probes again', () => {
    const trial = new LinkTrial()
    const publication = trial.publish('AA', true)
    trial.clock.pass(100)
    trial.take()
    publication.update(recordsOf('AA', { address: '10.77.1.9' }))
    const [probe] = trial.sentIn(10)
    const proposed = probe?.packet.authorities?.find(({ type }) => type === 'A')
    assert.ok(proposed?.type === 'A' && proposed.data === '10.77.1.9')
  })
})

it('a closed link sends nothing', () => {
  const trial = new LinkTrial()
  const publication = trial.publish('AA')
  trial.link.browse(TYPE)
  trial.receive({ type: 'query', questions: [{ type: 'PTR', name: TYPE }] })
  trial.take()
  trial.link.close()
  publication.close()
  assert.deepEqual(trial.sentIn(10_000), [])
  assert.ok(trial.clock.isIdle)
})

it('a link announces and asks again after a restart', () => {
  const trial = new LinkTrial()
  trial.announced('AA')
  trial.link.browse(TYPE)
  trial.sentIn(100_000)
  trial.link.restart()
  const [announcement, question] = trial.sentIn(200)
  assert.equal(announcement?.packet.answers?.length, 6)
  assert.deepEqual(additionalsIn([...(announcement === undefined ? [] : [announcement])]), [])
  assert.deepEqual(
    question?.packet.questions?.map(({ name }) => name),
    [TYPE]
  )
})
