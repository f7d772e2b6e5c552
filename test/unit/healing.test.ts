import assert from 'node:assert/strict'
import { afterEach, describe, it, mock } from 'node:test'
import { ANNOUNCEMENT, announcedTrial, HealingTrial } from '../support/fake-session.js'
import { gone, seen } from '../support/sightings.js'

afterEach(() => mock.timers.reset())

describe('the announcement', () => {
  it('is requested at once, as it was given', () => {
    const trial = new HealingTrial()
    assert.equal(trial.sessions.length, 1)
    assert.deepEqual(trial.session.announcement, ANNOUNCEMENT)
  })

  it('is reported once, before the names that were seen and are still there', () => {
    const trial = new HealingTrial()
    trial.session.emit(seen('A1'))
    trial.session.emit(seen('B2'))
    trial.session.emit(gone('B2'))
    assert.deepEqual(trial.take(), [])
    trial.announce()
    trial.announce()
    assert.deepEqual(trial.take(), ['announced', 'seen A1'])
  })

  it('fails if the daemon is silent for 4.5 seconds', () => {
    const trial = new HealingTrial()
    trial.pass(4499)
    assert.deepEqual(trial.take(), [])
    trial.pass(1)
    assert.deepEqual(trial.take(), ['failed'])
    assert.equal(trial.errors[0]?.code, 'ERR_TCPNET_NO_DAEMON')
    assert.match(trial.errors[0]?.message ?? '', /start avahi-daemon/)
    assert.equal(trial.session.closed, 1)
  })

  it('fails with the advice of the driver about its daemon', () => {
    const trial = new HealingTrial(ANNOUNCEMENT, { startDaemon: 'start it' })
    trial.pass(4500)
    assert.equal(
      trial.errors[0]?.message,
      'The DNS-SD daemon cannot be reached: it does not answer: start it. "npx tcpnet doctor" looks for the cause.'
    )
  })

  it('fails after another time if the driver sets one, and is never made by that session', () => {
    const trial = new HealingTrial(ANNOUNCEMENT, { answerTimeoutMs: 250 })
    trial.pass(250)
    assert.deepEqual(trial.take(), ['failed'])
    assert.equal(trial.errors[0]?.code, 'ERR_TCPNET_NO_DAEMON')
  })

  it('does not fail if the daemon has answered in time and its answer is delivered late', () => {
    const trial = new HealingTrial(ANNOUNCEMENT, { answerTimeoutMs: 250 })
    trial.session.answering = true
    trial.pass(250)
    trial.session.emit({ type: 'answered' })
    trial.pass(1000)
    trial.announce()
    assert.deepEqual([trial.take(), trial.session.closed], [['announced'], 0])
  })

  it('is made again after the daemon has answered and gone away', () => {
    const trial = new HealingTrial(ANNOUNCEMENT, { waitsForDaemon: true })
    trial.session.emit({ type: 'answered' })
    trial.fail('daemon')
    // The next attempt finds no daemon, and the one after it does.
    for (const ms of [500, 4500, 1000]) trial.pass(ms)
    trial.announce()
    assert.deepEqual([trial.take(), trial.sessions.length], [['announced'], 3])
  })

  it('fails if the daemon stays away after it has answered', () => {
    const trial = new HealingTrial(ANNOUNCEMENT, { waitsForDaemon: true })
    trial.session.emit({ type: 'answered' })
    trial.fail('daemon')
    trial.pass(15_000)
    assert.deepEqual(trial.take(), [])
    for (let i = 0; i < 10; i++) trial.pass(5000)
    assert.deepEqual([trial.take(), trial.errors[0]?.code], [['failed'], 'ERR_TCPNET_NO_DAEMON'])
  })

  it('fails at once then if the driver does not wait', () => {
    const trial = new HealingTrial()
    trial.session.emit({ type: 'answered' })
    trial.fail('daemon')
    assert.deepEqual(trial.take(), ['failed'])
  })

  it('has 30 seconds if the daemon has answered', () => {
    const trial = new HealingTrial()
    trial.pass(4000)
    trial.session.emit({ type: 'answered' })
    trial.pass(29_999)
    assert.deepEqual(trial.take(), [])
    trial.pass(1)
    assert.deepEqual(trial.take(), ['failed'])
    assert.equal(trial.errors[0]?.code, 'ERR_TCPNET_DAEMON_REFUSED')
    assert.match(trial.errors[0]?.message ?? '', /did not publish it within 30 s/)
    assert.equal(trial.session.closed, 1)
  })

  it('has no deadline after it was reported', () => {
    const trial = announcedTrial()
    trial.session.emit({ type: 'answered' })
    trial.pass(60_000)
    assert.deepEqual(trial.take(), [])
  })

  const failures = [
    ['library', 'ERR_TCPNET_NO_DRIVER'],
    ['daemon', 'ERR_TCPNET_NO_DAEMON'],
    ['conflict', 'ERR_TCPNET_UUID_CONFLICT'],
    ['refused', 'ERR_TCPNET_DAEMON_REFUSED']
  ] as const
  for (const [failure, code] of failures) {
    it(`fails at once, for good and with ${code} if the session fails with ${failure}`, () => {
      const trial = new HealingTrial({ ...ANNOUNCEMENT, probe: true })
      trial.session.emit(seen('A1'))
      trial.fail(failure)
      assert.deepEqual(trial.take(), ['failed'])
      assert.equal(trial.errors[0]?.code, code)
      assert.match(trial.errors[0]?.message ?? '', failure === 'conflict' ? /AA/ : /the reason/)
      trial.announce()
      trial.pass(60_000)
      assert.deepEqual(trial.take(), [])
      assert.equal(trial.sessions.length, 1)
    })
  }

  it('fails with the advice of the session, and no other', () => {
    const trial = new HealingTrial()
    trial.fail('daemon')
    assert.equal(
      trial.errors[0]?.message,
      'The DNS-SD daemon cannot be reached: the reason. "npx tcpnet doctor" looks for the cause.'
    )
  })

  it('is retried for a while if a conflict is reported for a generated uuid', () => {
    const trial = new HealingTrial()
    trial.session.emit(seen('A1'))
    for (const ms of [500, 1000, 2000, 4000, 8000]) {
      trial.fail('conflict')
      trial.pass(ms)
    }
    assert.deepEqual([trial.take(), trial.sessions.length], [[], 6])
    trial.fail('conflict')
    assert.deepEqual(trial.take(), ['failed'])
    assert.equal(trial.errors[0]?.code, 'ERR_TCPNET_UUID_CONFLICT')
  })

  it('that came after such a false conflict has the names that were seen before and after it', () => {
    const trial = new HealingTrial()
    trial.session.emit(seen('A1'))
    trial.fail('conflict')
    trial.pass(500)
    trial.session.emit(seen('B2'))
    trial.announce()
    assert.deepEqual(trial.take(), ['announced', 'seen A1', 'seen B2'])
    trial.pass(5000)
    assert.deepEqual(trial.take(), ['gone A1'])
  })

  it('is lost for good in a later conflict if the uuid was chosen', () => {
    const trial = announcedTrial({ ...ANNOUNCEMENT, probe: true })
    trial.fail('conflict')
    trial.pass(60_000)
    assert.deepEqual(trial.take(), ['failed'])
    assert.equal(trial.sessions.length, 1)
  })

  it('is made again after a conflict if the uuid was generated, since no other service can have it', () => {
    const trial = announcedTrial()
    trial.fail('conflict')
    assert.equal(trial.errors[0]?.code, 'ERR_TCPNET_UUID_CONFLICT')
    assert.match(trial.errors[0]?.message ?? '', /made at random/)
    assert.doesNotMatch(trial.errors[0]?.message ?? '', /leave out the setting/)
    trial.pass(500)
    trial.announce()
    assert.deepEqual(trial.take(), ['offline', 'online'])
    assert.equal(trial.sessions.length, 2)
  })
})

describe('a session that has ended', () => {
  it('is ignored', () => {
    const trial = announcedTrial()
    const old = trial.session
    trial.fail()
    trial.pass(500)
    trial.announce()
    trial.take()
    old.emit(seen('A1'))
    old.emit({ type: 'announced' })
    old.emit({ type: 'failed', failure: 'daemon', message: 'late' })
    trial.pass(60_000)
    assert.deepEqual(trial.take(), [])
    assert.equal(trial.sessions.length, 2)
  })
})
