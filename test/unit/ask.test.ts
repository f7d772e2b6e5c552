import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { ask } from '#tcpnet/discovery/ask.js'

describe('a question', () => {
  /** A question that the test answers. */
  function question(signal = new AbortController().signal, timeoutMs = 60_000) {
    const made = {
      done: (_answer: string | null) => {},
      begun: 0,
      cancelled: 0,
      answer: Promise.resolve<string | null>('')
    }
    made.answer = ask<string>(
      (done) => {
        made.begun++
        made.done = done
        return () => {
          made.cancelled++
        }
      },
      signal,
      timeoutMs
    )
    return made
  }

  it('ends with its answer, and is cancelled', async () => {
    const made = question()
    made.done('here')
    assert.equal(await made.answer, 'here')
    assert.equal(made.cancelled, 1)
  })

  it('ends without an answer when its signal is aborted', async () => {
    const controller = new AbortController()
    const made = question(controller.signal)
    controller.abort()
    assert.equal(await made.answer, null)
    assert.equal(made.cancelled, 1)
  })

  it('is not asked if its signal was aborted before', async () => {
    const made = question(AbortSignal.abort())
    assert.equal(await made.answer, null)
    assert.equal(made.begun, 0)
  })

  it('ends without an answer after its time', async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.after(() => mock.timers.reset())
    const made = question(undefined, 100)
    mock.timers.tick(99)
    assert.equal(made.cancelled, 0)
    mock.timers.tick(1)
    assert.equal(await made.answer, null)
    assert.equal(made.cancelled, 1)
  })

  it('leaves no timer and no listener behind', async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.after(() => mock.timers.reset())
    const controller = new AbortController()
    const made = question(controller.signal, 100)
    made.done('here')
    mock.timers.tick(100)
    controller.abort()
    assert.equal(await made.answer, 'here')
    assert.equal(made.cancelled, 1)
  })

  it('may end while it is being asked, by an answer or an abort', async () => {
    let cancelled = 0
    const takeBack = () => {
      cancelled++
    }
    const controller = new AbortController()
    const answered = ask<string>(
      (done) => {
        done('here')
        return takeBack
      },
      controller.signal,
      60_000
    )
    const aborted = ask<string>(
      () => {
        controller.abort()
        return takeBack
      },
      controller.signal,
      60_000
    )
    assert.deepEqual([await answered, await aborted, cancelled], ['here', null, 2])
  })
})
