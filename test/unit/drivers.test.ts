// The choice of a driver.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { chooseDriver } from '#tcpnet/discovery/choose-driver.js'
import { daemonOrEmbedded } from '#tcpnet/discovery/daemon-or-embedded.js'
import type { Discovery, Driver, Instance, Listener } from '#tcpnet/discovery/discovery.js'
import { memory } from '#tcpnet/discovery/drivers/memory.js'
import { avahi, bonjour } from '#tcpnet/discovery/drivers/native.js'
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

/** Two drivers that the test plays, and what the driver `auto` over them reports. */
class Trial {
  /** Which drivers were opened and closed, and which was reported as chosen, in order. */
  readonly steps: string[] = []
  readonly errors: (Error & { code?: string })[] = []
  announced = 0
  readonly discovery: Discovery
  readonly #listeners = new Map<string, Listener>()

  /** @param missing the error that the driver of the daemon throws when it is opened */
  constructor(missing: Error | null = null) {
    this.discovery = daemonOrEmbedded(
      { name: 'avahi', driver: this.#driver('avahi', missing) },
      { name: 'embedded', driver: this.#driver('embedded', null) },
      (name) => this.steps.push(`chosen ${name}`)
    )(ANNOUNCEMENT, {
      ...SILENT,
      announced: () => this.announced++,
      failed: (error) => this.errors.push(error)
    })
  }

  /** The listener of a driver that was opened. */
  of(name: 'avahi' | 'embedded'): Listener {
    return this.#listeners.get(name) ?? assert.fail(`${name} was not opened`)
  }

  #driver(name: string, error: Error | null): Driver {
    return (announcement, listener) => {
      assert.equal(announcement, ANNOUNCEMENT)
      if (error !== null) throw error
      this.steps.push(`opened ${name}`)
      this.#listeners.set(name, listener)
      return {
        locate: async (uuid) => ({ ...INSTANCE, uuid, host: `${name}.local` }),
        close: async () => void this.steps.push(`closed ${name}`)
      }
    }
  }
}

const error = (code: ErrorCode, message = '') => new TcpnetError(code, message)

describe('the driver auto', () => {
  it('is that of the daemon if it announces', async () => {
    const trial = new Trial()
    assert.deepEqual(trial.steps, ['opened avahi'])
    trial.of('avahi').announced()
    await trial.discovery.close()
    await trial.discovery.close()
    assert.deepEqual(trial.steps, ['opened avahi', 'chosen avahi', 'closed avahi'])
    assert.deepEqual([trial.announced, trial.errors], [1, []])
  })

  for (const code of ['ERR_TCPNET_NO_DRIVER', 'ERR_TCPNET_NO_DAEMON'] as const) {
    it(`is embedded if that of the daemon fails with ${code} and is closed`, async () => {
      const trial = new Trial()
      trial.of('avahi').failed(error(code))
      trial.of('embedded').announced()
      await trial.discovery.close()
      assert.deepEqual(trial.steps, [
        'opened avahi',
        'closed avahi',
        'opened embedded',
        'chosen embedded',
        'closed embedded'
      ])
      assert.deepEqual([trial.announced, trial.errors], [1, []])
    })
  }

  it('is embedded if there is no addon', () => {
    const trial = new Trial(error('ERR_TCPNET_ADDON'))
    assert.deepEqual(trial.steps, ['opened embedded', 'chosen embedded'])
  })

  for (const code of ['ERR_TCPNET_DAEMON_REFUSED', 'ERR_TCPNET_UUID_CONFLICT', 'ERR_TCPNET_NO_INTERFACE'] as const) {
    it(`fails if the daemon answers with ${code}`, () => {
      const trial = new Trial()
      const refused = error(code)
      trial.of('avahi').failed(refused)
      assert.deepEqual([trial.steps, trial.errors], [['opened avahi'], [refused]])
    })
  }

  it('stays that of the daemon once it has announced', () => {
    const trial = new Trial()
    trial.of('avahi').announced()
    const lost = error('ERR_TCPNET_NO_DAEMON')
    trial.of('avahi').failed(lost)
    assert.deepEqual([trial.steps, trial.errors], [['opened avahi', 'chosen avahi'], [lost]])
  })

  it('fails with the error of the embedded one', () => {
    const trial = new Trial()
    trial.of('avahi').failed(error('ERR_TCPNET_NO_DAEMON'))
    const taken = error('ERR_TCPNET_UUID_CONFLICT')
    trial.of('embedded').failed(taken)
    assert.deepEqual(trial.errors, [taken])
  })

  it('asks the chosen driver where an instance is', async () => {
    const trial = new Trial()
    assert.deepEqual(await trial.discovery.locate('B2', NEVER), { ...INSTANCE, uuid: 'B2', host: 'avahi.local' })
    trial.of('avahi').failed(error('ERR_TCPNET_NO_DAEMON'))
    assert.equal((await trial.discovery.locate('B2', NEVER))?.host, 'embedded.local')
  })
})

describe('the driver for a name', () => {
  it('is that driver, with a first look beside it unless that is switched off or the driver is memory', () => {
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

  it('reports the errors of loading and opening, once, and not after close', async () => {
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

describe('the preparation of a driver', () => {
  let rehearsals = 0
  const load = async () => ({ embedded: memory, rehearseDriver: () => void rehearsals++ })

  /** The module as a process has it that has made no service yet. */
  let instances = 0
  async function fresh(): Promise<typeof import('#tcpnet/discovery/choose-driver.js')> {
    rehearsals = 0
    return await import(`${import.meta.resolve('#tcpnet/discovery/choose-driver.js')}?${++instances}`)
  }

  it('rehearses the first service that uses embedded', async () => {
    const { prepareDriver } = await fresh()
    prepareDriver('avahi', () => true, load)
    prepareDriver(
      'embedded',
      () => true,
      () => Promise.reject(new Error('no such file'))
    )
    await setImmediate()
    assert.equal(rehearsals, 0)
    for (let service = 0; service < 2; service++) {
      prepareDriver('embedded', () => true, load)
      await setImmediate()
      assert.equal(rehearsals, 1)
    }
  })

  it('rehearses nothing for a service that listens or is closed, but then for the next one', async () => {
    const { prepareDriver } = await fresh()
    prepareDriver('embedded', () => false, load)
    await setImmediate()
    assert.equal(rehearsals, 0)
    prepareDriver('embedded', () => true, load)
    await setImmediate()
    assert.equal(rehearsals, 1)
  })

  it('rehearses nothing once the driver is used', async () => {
    const { chooseDriver, prepareDriver } = await fresh()
    const discovery = chooseDriver('embedded', false)({ ...ANNOUNCEMENT, interfaceIndex: -1 }, SILENT)
    prepareDriver('embedded', () => true, load)
    await setImmediate()
    assert.equal(rehearsals, 0)
    await discovery.close()
  })

  it('fails in silence', async () => {
    const { prepareDriver } = await fresh()
    const failing = async () => ({
      embedded: memory,
      rehearseDriver: () => {
        rehearsals++
        throw new Error('no such timer')
      }
    })
    prepareDriver('embedded', () => true, failing)
    await setImmediate()
    assert.equal(rehearsals, 1)
  })
})
