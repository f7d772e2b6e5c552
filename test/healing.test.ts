import assert from 'node:assert/strict'
import { afterEach, describe, it, mock } from 'node:test'
import { ANNOUNCEMENT, HealingTrial } from './support/fake-session.js'
import { found, lost } from './support/sightings.js'

afterEach(() => mock.timers.reset())

/** A trial whose service is announced; nothing else was told. */
function announced(): HealingTrial {
  const trial = new HealingTrial()
  trial.announce()
  assert.deepEqual(trial.take(), ['announced'])
  return trial
}

describe('the announcement', () => {
  it('is asked for at once, as it was given', () => {
    const trial = new HealingTrial()
    assert.equal(trial.sessions.length, 1)
    assert.deepEqual(trial.session.announcement, ANNOUNCEMENT)
  })

  it('is told once, and before what was found', () => {
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
    assert.equal(trial.session.closed, 1)
  })

  it('has no deadline once it was told', () => {
    const trial = announced()
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
      const trial = new HealingTrial()
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

  it('is lost for good in a conflict that comes later', () => {
    const trial = announced()
    trial.fail('conflict')
    trial.pass(60_000)
    assert.deepEqual(trial.take(), ['failed'])
    assert.equal(trial.sessions.length, 1)
  })
})

describe('an outage of the daemon', () => {
  it('is told once, and its end once', () => {
    const trial = announced()
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
    const trial = announced()
    for (let outage = 0; outage < 3; outage++) {
      trial.fail()
      trial.pass(500)
      trial.announce()
      assert.deepEqual(trial.take(), ['offline', 'online'])
    }
  })

  it('is met by attempts after 0.5 s, doubling to 10 s, without limit, each with the same name', () => {
    const trial = announced()
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
    const trial = announced()
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
    const trial = announced()
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

  it('lasts where the daemon refuses, or its library does: that may pass', () => {
    const trial = announced()
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
    const trial = announced()
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
    const trial = announced()
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
    const trial = announced()
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

  it('is told again where it has changed', () => {
    const trial = announced()
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
    const trial = announced()
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

describe('close', () => {
  it('resolves when the daemon has been told, and then nothing is told', async () => {
    const trial = announced()
    const closing = trial.discovery.close()
    assert.equal(trial.session.closed, 1)
    trial.session.farewell()
    await closing
    trial.session.emit(found('A1'))
    trial.fail()
    trial.pass(60_000)
    assert.deepEqual(trial.take(), [])
    assert.equal(trial.sessions.length, 1)
  })

  it('resolves after a second where the daemon hangs', async () => {
    const trial = announced()
    let closed = false
    const closing = trial.discovery.close().then(() => {
      closed = true
    })
    trial.pass(999)
    await Promise.resolve()
    assert.equal(closed, false)
    trial.pass(1)
    await closing
    trial.session.farewell()
  })

  it('is one, however often it is called', async () => {
    const trial = announced()
    const closing = trial.discovery.close()
    assert.equal(trial.discovery.close(), closing)
    assert.equal(trial.session.closed, 1)
    trial.session.farewell()
    await closing
  })

  it('before the announcement keeps it and its deadline from being told', async () => {
    const trial = new HealingTrial()
    const closing = trial.discovery.close()
    trial.session.farewell()
    await closing
    trial.announce()
    trial.pass(60_000)
    assert.deepEqual(trial.take(), [])
  })

  it('during an outage ends the attempts', async () => {
    const trial = announced()
    trial.fail()
    await trial.discovery.close()
    trial.pass(60_000)
    assert.deepEqual(trial.take(), ['offline'])
    assert.equal(trial.sessions.length, 1)
  })

  it('in the five seconds behind an outage forgets what is stale without a word', async () => {
    const trial = announced()
    trial.session.emit(found('A1'))
    trial.fail()
    trial.pass(500)
    trial.announce()
    trial.take()
    const closing = trial.discovery.close()
    trial.session.farewell()
    await closing
    trial.pass(60_000)
    assert.deepEqual(trial.take(), [])
  })

  const moments: [string, (trial: HealingTrial) => void][] = [
    ['announced', (trial) => trial.announce()],
    ['up A1', (trial) => trial.announce()],
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
    it(`may be called from within "${line}": nothing is told behind it`, () => {
      const trial = new HealingTrial()
      trial.onTold = (told) => {
        if (told === line) void trial.discovery.close()
      }
      for (const name of ['A1', 'B2']) trial.session.emit(found(name))
      lead(trial)
      trial.pass(60_000)
      assert.equal(trial.told.at(-1), line)
    })
  }
})
