// Which driver is used, of those that there are.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { chooseDriver } from '#tcpnet/discovery/choose-driver.js'
import type { Driver, Instance, Listener } from '#tcpnet/discovery/discovery.js'
import { memory } from '#tcpnet/discovery/drivers/memory.js'
import { avahi, bonjour } from '#tcpnet/discovery/drivers/native.js'
import { firstUsable } from '#tcpnet/discovery/first-usable.js'
import { onDemand } from '#tcpnet/discovery/on-demand.js'
import { type ErrorCode, TcpnetError } from '#tcpnet/errors.js'
import { ANNOUNCEMENT } from '../support/fake-session.js'
import { SILENT } from '../support/silent.js'

const INSTANCE: Instance = {
  uuid: 'A1',
  host: 'alpha.local',
  port: 4000,
  txt: {},
  paths: [{ interfaceIndex: 2, family: 4, address: '192.0.2.1' }]
}
const NEVER = new AbortController().signal

/** Drivers that are opened and closed, their listeners, and what the one over them tells. */
class Trial {
  readonly opened: string[] = []
  readonly closed: string[] = []
  readonly errors: (Error & { code?: string })[] = []
  announced = 0
  readonly #listeners = new Map<string, Listener>()

  /** Opens the first that is usable of these; a driver with an error throws it. */
  open(drivers: Record<string, Error | null>) {
    const made = Object.entries(drivers).map(([name, error]) => [name, this.#driver(name, error)] as const)
    return firstUsable(new Map(made))(ANNOUNCEMENT, {
      ...SILENT,
      announced: () => this.announced++,
      failed: (error) => this.errors.push(error)
    })
  }

  /** What a driver that was opened tells. */
  of(name: string): Listener {
    return this.#listeners.get(name) ?? assert.fail(`${name} was not opened`)
  }

  #driver(name: string, error: Error | null): Driver {
    return (announcement, listener) => {
      assert.equal(announcement, ANNOUNCEMENT)
      this.opened.push(name)
      if (error !== null) throw error
      this.#listeners.set(name, listener)
      return {
        locate: async (uuid) => ({ ...INSTANCE, uuid, host: `${name}.local` }),
        close: async () => void this.closed.push(name)
      }
    }
  }
}

const error = (code: ErrorCode, message: string) => new TcpnetError(code, message)

describe('the first usable driver', () => {
  it('is the first one, where that can be used', async () => {
    const trial = new Trial()
    const discovery = trial.open({ one: null, two: null })
    trial.of('one').announced()
    assert.deepEqual([trial.opened, trial.announced, trial.errors], [['one'], 1, []])
    await discovery.close()
    assert.deepEqual(trial.closed, ['one'])
  })

  it('is the next one, where a library is missing, at once or found so later', async () => {
    const trial = new Trial()
    const discovery = trial.open({ one: error('ERR_TCPNET_ADDON', 'no binary'), two: null, three: null })
    trial.of('two').failed(error('ERR_TCPNET_NO_DRIVER', 'no library'))
    trial.of('three').announced()
    assert.deepEqual([trial.opened, trial.announced, trial.errors], [['one', 'two', 'three'], 1, []])
    await discovery.close()
    assert.deepEqual(trial.closed, ['two', 'three'])
  })

  it('is not the next one, where only the daemon is missing', () => {
    const trial = new Trial()
    trial.open({ one: null, two: null })
    const noDaemon = error('ERR_TCPNET_NO_DAEMON', 'no daemon')
    trial.of('one').failed(noDaemon)
    assert.deepEqual([trial.opened, trial.errors], [['one'], [noDaemon]])
  })

  it('is none, with what each said, where none can be used; not from within, and not after close', async () => {
    const drivers = { one: error('ERR_TCPNET_NO_DRIVER', 'apt-get this'), two: error('ERR_TCPNET_ADDON', 'npm that') }
    const [trial, closed] = [new Trial(), new Trial()]
    trial.open(drivers)
    await closed.open(drivers).close()
    assert.equal(trial.errors.length, 0)
    await setImmediate()
    assert.deepEqual(
      trial.errors.map(({ code }) => code),
      ['ERR_TCPNET_NO_DRIVER']
    )
    assert.match(trial.errors[0]?.message ?? '', /one: apt-get this.*two: npm that/)
    assert.deepEqual(closed.errors, [])
  })
})

describe('the question where an instance is', () => {
  it('is answered by the driver that is used', async () => {
    const trial = new Trial()
    const discovery = trial.open({ one: null, two: null })
    assert.deepEqual(await discovery.locate('B2', NEVER), { ...INSTANCE, uuid: 'B2', host: 'one.local' })
    trial.of('one').failed(error('ERR_TCPNET_NO_DRIVER', 'no library'))
    assert.equal((await discovery.locate('B2', NEVER))?.host, 'two.local')
  })

  it('has no answer where none can be used', async () => {
    const discovery = new Trial().open({ one: error('ERR_TCPNET_ADDON', 'no binary') })
    assert.equal(await discovery.locate('B2', NEVER), null)
    await discovery.close()
  })
})

describe('the driver of a name', () => {
  it('is that one; with a first look beside it, unless that is not wanted or there is nothing to look at', () => {
    const drivers = { avahi, bonjour, memory } as const
    for (const name of ['avahi', 'bonjour', 'memory'] as const) {
      assert.equal(chooseDriver(name, false), drivers[name])
      assert.equal(chooseDriver(name, true) === drivers[name], name === 'memory', name)
    }
  })
})

describe('a driver that is loaded on demand', () => {
  const told = () => {
    const errors: Error[] = []
    return { errors, listener: { ...SILENT, failed: (error: Error) => errors.push(error) } }
  }

  it('is loaded when it is opened, and closed as itself', async () => {
    const steps: string[] = []
    const driver = onDemand(async () => {
      steps.push('loaded')
      return (announcement, listener) => {
        steps.push(`opened ${announcement === ANNOUNCEMENT && listener === SILENT}`)
        const locate = async (uuid: string) => {
          steps.push(`asked for ${uuid}`)
          return null
        }
        return { locate, close: async () => void steps.push('closed') }
      }
    })
    assert.deepEqual(steps, [])
    const discovery = driver(ANNOUNCEMENT, SILENT)
    assert.equal(await discovery.locate('A1', new AbortController().signal), null)
    await setImmediate()
    assert.equal(await discovery.locate('B2', new AbortController().signal), null)
    await discovery.close()
    assert.deepEqual(steps, ['loaded', 'opened true', 'asked for B2', 'closed'])
  })

  it('is not opened after close', async () => {
    const discovery = onDemand(async () => () => assert.fail('opened'))(ANNOUNCEMENT, SILENT)
    await discovery.close()
    await setImmediate()
  })

  it('tells what loading and opening throw, once, and not after close', async () => {
    const thrown = new Error('not here')
    const fails: (() => Promise<Driver>)[] = [
      async () => {
        throw thrown
      },
      async () => () => {
        throw thrown
      }
    ]
    for (const load of fails) {
      const [open, closed] = [told(), told()]
      onDemand(load)(ANNOUNCEMENT, open.listener)
      onDemand(load)(ANNOUNCEMENT, closed.listener).close()
      assert.deepEqual(open.errors, [])
      await setImmediate()
      await setImmediate()
      assert.deepEqual([open.errors, closed.errors], [[thrown], []])
    }
  })
})
