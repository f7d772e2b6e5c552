import assert from 'node:assert/strict'
import { afterEach, describe, it, mock } from 'node:test'
import { announcedTrial, HealingTrial } from '../support/fake-session.js'
import { seen } from '../support/sightings.js'

afterEach(() => mock.timers.reset())

describe('close', () => {
  it('resolves when the daemon has confirmed it, and nothing is reported afterwards', async () => {
    const trial = announcedTrial()
    const closing = trial.discovery.close()
    assert.equal(trial.session.closed, 1)
    trial.session.endClose()
    await closing
    trial.session.emit(seen('A1'))
    trial.fail()
    trial.pass(60_000)
    assert.deepEqual(trial.take(), [])
    assert.equal(trial.sessions.length, 1)
  })

  it('resolves after a second if the daemon hangs', async () => {
    const trial = announcedTrial()
    let closed = false
    const closing = trial.discovery.close().then(() => {
      closed = true
    })
    trial.pass(999)
    await Promise.resolve()
    assert.equal(closed, false)
    trial.pass(1)
    await closing
    trial.session.endClose()
  })

  it('closes once, however often it is called', async () => {
    const trial = announcedTrial()
    const closing = trial.discovery.close()
    assert.equal(trial.discovery.close(), closing)
    assert.equal(trial.session.closed, 1)
    trial.session.endClose()
    await closing
  })

  it('before the announcement prevents reports of the announcement and of its deadline', async () => {
    const trial = new HealingTrial()
    const closing = trial.discovery.close()
    trial.session.endClose()
    await closing
    trial.announce()
    trial.pass(60_000)
    assert.deepEqual(trial.take(), [])
  })

  it('during an outage ends the attempts', async () => {
    const trial = announcedTrial()
    trial.fail()
    await trial.discovery.close()
    trial.pass(60_000)
    assert.deepEqual(trial.take(), ['offline'])
    assert.equal(trial.sessions.length, 1)
  })

  it('in the five seconds after an outage forgets names that were not seen again, without reporting it', async () => {
    const trial = announcedTrial()
    trial.session.emit(seen('A1'))
    trial.fail()
    trial.pass(500)
    trial.announce()
    trial.take()
    const closing = trial.discovery.close()
    trial.session.endClose()
    await closing
    trial.pass(60_000)
    assert.deepEqual(trial.take(), [])
  })

  const moments: [string, (trial: HealingTrial) => void][] = [
    ['announced', (trial) => trial.announce()],
    ['seen A1', (trial) => trial.announce()],
    [
      'offline',
      (trial) => {
        trial.announce()
        trial.fail()
      }
    ],
    [
      'online',
      (trial) => {
        trial.announce()
        trial.fail()
        trial.pass(500)
        trial.announce()
      }
    ],
    ['failed', (trial) => trial.fail()]
  ]
  for (const [line, lead] of moments) {
    it(`may be called from within "${line}": nothing is reported after it`, () => {
      const trial = new HealingTrial()
      trial.onTold = (told) => {
        if (told === line) void trial.discovery.close()
      }
      for (const name of ['A1', 'B2']) trial.session.emit(seen(name))
      lead(trial)
      trial.pass(60_000)
      assert.equal(trial.told.at(-1), line)
    })
  }
})
