import assert from 'node:assert/strict'
import { afterEach, describe, it, mock } from 'node:test'
import { ANNOUNCEMENT, announcedTrial, HealingTrial } from './support/fake-session.js'
import { found, lost } from './support/sightings.js'

afterEach(() => mock.timers.reset())

describe('the announcement', () => {
  it('is asked for at once, as it was given', () => {
    const trial = new HealingTrial()
    assert.equal(trial.sessions.length, 1)
    assert.deepEqual(trial.session.announcement, ANNOUNCEMENT)
  })

  it('is told once, and before what was found and is still there', () => {
    const trial = new HealingTrial()
    trial.session.emit(found('A1'))
    trial.session.emit(found('B2'))
    trial.session.emit(lost('B2'))
    assert.deepEqual(trial.take(), [])
    trial.announce()
    trial.announce()
    assert.deepEqual(trial.take(), ['announced', 'up A1'])
  })

  it('fails where the daemon is silent for 4.5 seconds', () => {
    const trial = new HealingTrial()
    trial.pass(4499)
    assert.deepEqual(trial.take(), [])
    trial.pass(1)
    assert.deepEqual(trial.take(), ['failed'])
    assert.equal(trial.errors[0]?.code, 'ERR_TCPNET_NO_DAEMON')
    assert.match(trial.errors[0]?.message ?? '', /start avahi-daemon/)
    assert.equal(trial.session.closed, 1)
  })

  it('fails with what the driver says to do about its daemon', () => {
    const trial = new HealingTrial(ANNOUNCEMENT, { startDaemon: 'start it' })
    trial.pass(4500)
    assert.equal(trial.errors[0]?.message, 'The DNS-SD daemon cannot be reached: it does not answer: start it.')
  })

  it('has 30 seconds where the daemon has answered', () => {
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

  it('has no deadline once it was told', () => {
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
    it(`fails at once, for good and with ${code} where the session says ${failure}`, () => {
      const trial = new HealingTrial({ ...ANNOUNCEMENT, probe: true })
      trial.session.emit(found('A1'))
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

  it('fails with what the session says to do, and no more', () => {
    const trial = new HealingTrial()
    trial.fail('daemon')
    assert.equal(trial.errors[0]?.message, 'The DNS-SD daemon cannot be reached: the reason.')
  })

  it('is tried again where it is said that another has a uuid that was generated: for a while', () => {
    const trial = new HealingTrial()
    trial.session.emit(found('A1'))
    for (const ms of [500, 1000, 2000, 4000, 8000]) {
      trial.fail('conflict')
      trial.pass(ms)
    }
    assert.deepEqual([trial.take(), trial.sessions.length], [[], 6])
    trial.fail('conflict')
    assert.deepEqual(trial.take(), ['failed'])
    assert.equal(trial.errors[0]?.code, 'ERR_TCPNET_UUID_CONFLICT')
  })

  it('that came after such a lie has what was found since', () => {
    const trial = new HealingTrial()
    trial.session.emit(found('A1'))
    trial.fail('conflict')
    trial.pass(500)
    trial.session.emit(found('B2'))
    trial.announce()
    assert.deepEqual(trial.take(), ['announced', 'up A1', 'up B2'])
    trial.pass(5000)
    assert.deepEqual(trial.take(), ['down A1'])
  })

  it('is lost for good in a conflict that comes later, where the uuid was chosen', () => {
    const trial = announcedTrial({ ...ANNOUNCEMENT, probe: true })
    trial.fail('conflict')
    trial.pass(60_000)
    assert.deepEqual(trial.take(), ['failed'])
    assert.equal(trial.sessions.length, 1)
  })

  it('is made again after a conflict, where the uuid was generated: nobody else can have it', () => {
    const trial = announcedTrial()
    trial.fail('conflict')
    assert.equal(trial.errors[0]?.code, 'ERR_TCPNET_UUID_CONFLICT')
    assert.match(trial.errors[0]?.message ?? '', /made at random/)
    assert.doesNotMatch(trial.errors[0]?.message ?? '', /leave the setting out/)
    trial.pass(500)
    trial.announce()
    assert.deepEqual(trial.take(), ['offline', 'online'])
    assert.equal(trial.sessions.length, 2)
  })
})

describe('an outage of the daemon', () => {
  it('is told once, and its end once', () => {
    const trial = announcedTrial()
    trial.fail()
    assert.deepEqual(trial.take(), ['offline'])
    assert.equal(trial.errors[0]?.code, 'ERR_TCPNET_NO_DAEMON')
    trial.pass(500)
    trial.fail()
    trial.pass(1000)
    trial.fail()
    assert.deepEqual(trial.take(), [])
    trial.pass(2000)
    trial.announce()
    trial.announce()
    assert.deepEqual(trial.take(), ['online'])
  })

  it('can be followed by another', () => {
    const trial = announcedTrial()
    for (let outage = 0; outage < 3; outage++) {
      trial.fail()
      trial.pass(500)
      trial.announce()
      assert.deepEqual(trial.take(), ['offline', 'online'])
    }
  })

  it('is met by attempts after 0.5 s, doubling to 10 s, without limit, each with the same name', () => {
    const trial = announcedTrial()
    trial.fail()
    for (const ms of [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]) {
      const before = trial.sessions.length
      trial.pass(ms - 1)
      assert.equal(trial.sessions.length, before, `${ms} ms have not passed`)
      trial.pass(1)
      assert.equal(trial.sessions.length, before + 1, `${ms} ms have passed`)
      assert.deepEqual(trial.session.announcement, ANNOUNCEMENT)
      trial.fail()
    }
    assert.deepEqual(trial.take(), ['offline'])
  })

  it('begins with 0.5 s again after a success', () => {
    const trial = announcedTrial()
    trial.fail()
    trial.pass(500)
    trial.fail()
    trial.pass(1000)
    trial.announce()
    trial.fail()
    const before = trial.sessions.length
    trial.pass(500)
    assert.equal(trial.sessions.length, before + 1)
  })

  it('lasts while a daemon that is back does not answer', () => {
    const trial = announcedTrial()
    trial.fail()
    trial.pass(500)
    const silent = trial.session
    trial.pass(4500)
    assert.equal(silent.closed, 1)
    trial.pass(1000)
    assert.notEqual(trial.session, silent)
    trial.announce()
    assert.deepEqual(trial.take(), ['offline', 'online'])
  })

  it('lasts while a daemon that is back answers and does not announce; it has 30 seconds', () => {
    const trial = announcedTrial()
    trial.fail()
    trial.pass(500)
    const busy = trial.session
    busy.emit({ type: 'answered' })
    trial.pass(29_999)
    assert.equal(busy.closed, 0)
    trial.pass(1)
    assert.equal(busy.closed, 1)
    trial.pass(1000)
    trial.session.emit({ type: 'answered' })
    trial.announce()
    assert.deepEqual(trial.take(), ['offline', 'online'])
  })

  it('lasts where the daemon refuses, or its library does: that may pass', () => {
    const trial = announcedTrial()
    trial.fail()
    trial.pass(500)
    trial.fail('refused')
    trial.pass(1000)
    trial.fail('library')
    trial.pass(2000)
    trial.announce()
    assert.deepEqual(trial.take(), ['offline', 'online'])
  })

  it('ends for good where another has taken the name meanwhile', () => {
    const trial = announcedTrial({ ...ANNOUNCEMENT, probe: true })
    trial.fail()
    trial.pass(500)
    trial.fail('conflict')
    trial.pass(60_000)
    assert.deepEqual(trial.take(), ['offline', 'failed'])
    assert.equal(trial.errors.at(-1)?.code, 'ERR_TCPNET_UUID_CONFLICT')
  })
})

describe('what was known before an outage', () => {
  it('stays known, and is told down five seconds after it where it is not seen again', () => {
    const trial = announcedTrial()
    for (const name of ['A1', 'B2']) trial.session.emit(found(name))
    trial.take()
    trial.fail()
    trial.pass(500)
    trial.session.emit(found('B2'))
    trial.announce()
    trial.session.emit(found('C3'))
    assert.deepEqual(trial.take(), ['offline', 'online', 'up C3'])
    trial.pass(4999)
    assert.deepEqual(trial.take(), [])
    trial.pass(1)
    assert.deepEqual(trial.take(), ['down A1'])
  })

  it('is kept through an outage in the five seconds behind another', () => {
    const trial = announcedTrial()
    trial.session.emit(found('A1'))
    trial.fail()
    trial.pass(500)
    trial.announce()
    trial.pass(4000)
    trial.fail()
    trial.pass(500)
    trial.announce()
    trial.pass(4999)
    assert.deepEqual(trial.take(), ['up A1', 'offline', 'online', 'offline', 'online'])
    trial.pass(1)
    assert.deepEqual(trial.take(), ['down A1'])
  })

  it('is told down, too, where an attempt found it that failed', () => {
    const trial = announcedTrial()
    trial.session.emit(found('A1'))
    trial.fail()
    trial.pass(500)
    trial.session.emit(found('A1'))
    trial.fail()
    trial.pass(1000)
    trial.announce()
    trial.pass(5000)
    assert.deepEqual(trial.take(), ['up A1', 'offline', 'online', 'down A1'])
  })

  it('is told again where it has changed', () => {
    const trial = announcedTrial()
    trial.session.emit(found('A1'))
    trial.fail()
    trial.pass(500)
    trial.announce()
    trial.session.emit(found('A1', { port: 5000 }))
    trial.pass(5000)
    assert.deepEqual(trial.take(), ['up A1', 'offline', 'online', 'up A1'])
  })
})

describe('a session that has ended', () => {
  it('is not heard any more', () => {
    const trial = announcedTrial()
    const old = trial.session
    trial.fail()
    trial.pass(500)
    trial.announce()
    trial.take()
    old.emit(found('A1'))
    old.emit({ type: 'announced' })
    old.emit({ type: 'failed', failure: 'daemon', message: 'late' })
    trial.pass(60_000)
    assert.deepEqual(trial.take(), [])
    assert.equal(trial.sessions.length, 2)
  })
})
