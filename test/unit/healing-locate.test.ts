import assert from 'node:assert/strict'
import { afterEach, describe, it, mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { LOCATE_MS } from '#tcpnet/discovery/discovery.js'
import { announcedTrial, type FakeQuestion, type HealingTrial } from '../support/fake-session.js'
import { located } from '../support/sightings.js'

afterEach(() => mock.timers.reset())

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
