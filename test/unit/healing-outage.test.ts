// What a discovery that heals reports when its daemon goes away and comes back.
import assert from 'node:assert/strict'
import { afterEach, describe, it, mock } from 'node:test'
import { ANNOUNCEMENT, announcedTrial } from '../support/fake-session.js'
import { seen } from '../support/sightings.js'

afterEach(() => mock.timers.reset())

describe('an outage of the daemon', () => {
  it('is reported once, and its end once', () => {
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

  it('causes attempts after 0.5 s, doubling to 10 s, without limit, each with the same name', () => {
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

  it('lasts while a restarted daemon does not answer', () => {
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

  it('lasts while a restarted daemon answers and does not announce, which has a deadline of 30 seconds', () => {
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

  it('lasts if the daemon or its library refuses, which may be temporary', () => {
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

  it('ends for good if another service has taken the name meanwhile', () => {
    const trial = announcedTrial({ ...ANNOUNCEMENT, probe: true })
    trial.fail()
    trial.pass(500)
    trial.fail('conflict')
    trial.pass(60_000)
    assert.deepEqual(trial.take(), ['offline', 'failed'])
    assert.equal(trial.errors.at(-1)?.code, 'ERR_TCPNET_UUID_CONFLICT')
  })
})

describe('a name that was seen before an outage', () => {
  it('stays seen, and is reported gone five seconds after the outage if it is not seen again', () => {
    const trial = announcedTrial()
    for (const name of ['A1', 'B2']) trial.session.emit(seen(name))
    trial.take()
    trial.fail()
    trial.pass(500)
    trial.session.emit(seen('B2'))
    trial.announce()
    trial.session.emit(seen('C3'))
    assert.deepEqual(trial.take(), ['offline', 'online', 'seen C3'])
    trial.pass(4999)
    assert.deepEqual(trial.take(), [])
    trial.pass(1)
    assert.deepEqual(trial.take(), ['gone A1'])
  })

  it('is kept through an outage in the five seconds after another', () => {
    const trial = announcedTrial()
    trial.session.emit(seen('A1'))
    trial.fail()
    trial.pass(500)
    trial.announce()
    trial.pass(4000)
    trial.fail()
    trial.pass(500)
    trial.announce()
    trial.pass(4999)
    assert.deepEqual(trial.take(), ['seen A1', 'offline', 'online', 'offline', 'online'])
    trial.pass(1)
    assert.deepEqual(trial.take(), ['gone A1'])
  })

  it('is also reported gone if only a failed attempt saw it again', () => {
    const trial = announcedTrial()
    trial.session.emit(seen('A1'))
    trial.fail()
    trial.pass(500)
    trial.session.emit(seen('A1'))
    trial.fail()
    trial.pass(1000)
    trial.announce()
    trial.pass(5000)
    assert.deepEqual(trial.take(), ['seen A1', 'offline', 'online', 'gone A1'])
  })
})
