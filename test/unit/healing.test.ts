import assert from 'node:assert/strict'
import { afterEach, describe, it, mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { LOCATE_MS } from '#tcpnet/discovery/discovery.js'
import { ANNOUNCEMENT, announcedTrial, type FakeQuestion, HealingTrial } from '../support/fake-session.js'
import { gone, located, seen } from '../support/sightings.js'

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

describe('the question where an instance is', () => {
  const NEVER = new AbortController().signal

  /** Asks; the session has the question then. */
  function ask(trial: HealingTrial, signal = NEVER) {
    const answer = trial.discovery.locate('A1', signal)
    const question: FakeQuestion = trial.session.questions.at(-1) ?? assert.fail('the session is not asked')
    return { answer, question }
  }

  it('is answered by the session, with the addresses that can be dialed', async () => {
    const trial = announcedTrial()
    const { answer, question } = ask(trial)
    assert.equal(question.uuid, 'A1')
    question.answer(located({ host: 'h\\195\\180st.local', txt: ['v=1'] }, ['192.0.2.1', '0.0.0.0', 'fd00::1']))
    const { txt, ...rest } = (await answer) ?? assert.fail('there is no answer')
    assert.deepEqual({ ...txt }, { v: '1' })
    assert.deepEqual(rest, {
      uuid: 'A1',
      host: 'hôst.local',
      port: 4000,
      paths: [
        { interfaceIndex: 2, family: 4, address: '192.0.2.1' },
        { interfaceIndex: 2, family: 6, address: 'fd00::1' }
      ]
    })
    assert.equal(question.cancelled, 1)
    assert.deepEqual(trial.take(), [])
  })

  it('is asked again each time', async () => {
    const trial = announcedTrial()
    for (const port of [4000, 5000]) {
      const { answer, question } = ask(trial)
      question.answer(located({ port }))
      assert.equal((await answer)?.port, port)
    }
    assert.equal(trial.session.questions.length, 2)
  })

  it('leaves nothing on the signal of the session, unlike AbortSignal.any', async (t) => {
    const any = t.mock.method(AbortSignal, 'any')
    const trial = announcedTrial()
    const { answer, question } = ask(trial)
    question.answer(located())
    assert.notEqual(await answer, null)
    assert.equal(any.mock.callCount(), 0)
  })

  it('has no answer if the session does not know it, or no address of it can be dialed', async () => {
    const trial = announcedTrial()
    for (const location of [null, located({}, ['0.0.0.0']), located({ port: 0 })]) {
      const { answer, question } = ask(trial)
      question.answer(location)
      assert.equal(await answer, null)
    }
  })

  it('has no answer, at once, while there is no session', async () => {
    const trial = announcedTrial()
    trial.fail()
    assert.equal(await trial.discovery.locate('A1', NEVER), null)
    assert.equal(trial.session.questions.length, 0)
  })

  it('has no answer when the session ends; the next session is asked again', async () => {
    const trial = announcedTrial()
    const { answer, question } = ask(trial)
    trial.fail()
    assert.equal(await answer, null)
    assert.equal(question.cancelled, 1)
    trial.pass(500)
    const next = ask(trial)
    next.question.answer(located())
    assert.equal((await next.answer)?.port, 4000)
  })

  it('has no answer if the session fails when it is asked', async () => {
    const trial = announcedTrial()
    trial.session.onQuestion = () => trial.fail()
    const { answer, question } = ask(trial)
    assert.equal(await answer, null)
    assert.equal(question.cancelled, 1)
    assert.deepEqual(trial.take(), ['offline'])
  })

  it('has no answer when its signal is aborted; if it was aborted before, the session is not asked', async () => {
    const trial = announcedTrial()
    const controller = new AbortController()
    const { answer, question } = ask(trial, controller.signal)
    controller.abort()
    assert.equal(await answer, null)
    assert.equal(question.cancelled, 1)
    assert.equal(await trial.discovery.locate('A1', controller.signal), null)
    assert.equal(trial.session.questions.length, 1)
  })

  it('has no answer after two seconds', async () => {
    const trial = announcedTrial()
    const { answer, question } = ask(trial)
    let ended = false
    const end = answer.then((instance) => {
      ended = true
      return instance
    })
    trial.pass(LOCATE_MS - 1)
    await setImmediate()
    assert.deepEqual([ended, question.cancelled], [false, 0])
    trial.pass(1)
    assert.equal(await end, null)
    assert.equal(question.cancelled, 1)
  })

  it('has no answer after close, even if it was asked before', async () => {
    const trial = announcedTrial()
    const { answer, question } = ask(trial)
    const closing = trial.discovery.close()
    assert.equal(await answer, null)
    assert.equal(question.cancelled, 1)
    assert.equal(await trial.discovery.locate('A1', NEVER), null)
    assert.equal(trial.session.questions.length, 1)
    trial.session.endClose()
    await closing
  })
})
