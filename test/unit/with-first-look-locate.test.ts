// The question where an instance is, to the network and to the driver. The network is the loopback interface, on which the
// test answers.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Discovery, type Driver, type Instance, LOCATE_MS } from '#tcpnet/discovery/discovery.js'
import { LOOK_TIMES, type LookTimes } from '#tcpnet/discovery/look-times.js'
import { withFirstLook } from '#tcpnet/discovery/with-first-look.js'
import { interfaceOf } from '#tcpnet/net/addresses.js'
import { ANNOUNCEMENT } from '../support/fake-session.js'
import { type Asked, LOOPBACK, Responder, responseOf } from '../support/responder.js'
import { SILENT } from '../support/silent.js'
import { Tally } from '../support/wait.js'

// Not the cluster of another test, which may run at the same time.
const name = 'located'
const TYPE = `_${name}._tcp.local`
const ON_LOOPBACK = { ...ANNOUNCEMENT, name, interfaceIndex: interfaceOf(LOOPBACK)?.index ?? 0, address: LOOPBACK }
const NEVER = new AbortController().signal

let responder: Responder
let discovery: Discovery | null

beforeEach(async () => {
  discovery = null
  responder = await Responder.open(TYPE)
})
afterEach(async () => {
  mock.timers.reset()
  await discovery?.close()
  responder.close()
})

describe('the question where an instance is', () => {
  const DAEMON: Instance = {
    uuid: 'B2',
    host: 'daemon.local',
    port: 5000,
    txt: {},
    paths: [{ interfaceIndex: ON_LOOPBACK.interfaceIndex, family: 4, address: LOOPBACK }]
  }
  /** Only the look at the start. The daemon is asked at once, or not at all, as the test needs it. */
  const AT_ONCE = { againMs: 60_000, locateMs: 0 }
  const NOT_AT_ALL = { againMs: 60_000, locateMs: 60_000 }

  /** The questions to the daemon, which the test answers. */
  interface Daemon {
    readonly questions: Tally<{ uuid: string; signal: AbortSignal }>
    answer: () => Promise<Instance | null>
  }

  function open(times: Partial<LookTimes>): { discovery: Discovery; daemon: Daemon } {
    const daemon: Daemon = { questions: new Tally(), answer: () => new Promise(() => {}) }
    const driver: Driver = () => ({
      locate: (uuid, signal) => {
        daemon.questions.add({ uuid, signal })
        const aborted = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null)))
        return Promise.race([daemon.answer(), aborted])
      },
      close: async () => {}
    })
    const opened = withFirstLook(driver, times)(ON_LOOPBACK, SILENT)
    discovery = opened
    return { discovery: opened, daemon }
  }

  const isForIt = ({ question }: Asked) => question.name === `B2.${TYPE}`

  /** Answers each question for the instance, including earlier ones, with these messages, which are sent together. */
  function answering(...messages: readonly Buffer[]): void {
    responder.onQuestion = (asked) => {
      if (isForIt(asked)) asked.answer(...messages)
    }
    for (const { answer } of responder.questions.items.filter(isForIt)) answer(...messages)
  }

  it('is answered by the network; the daemon is not asked', async () => {
    const { discovery, daemon } = open(NOT_AT_ALL)
    answering(responseOf(TYPE, 'B2', { port: 4001 }))
    const found = await discovery.locate('B2', NEVER)
    assert.deepEqual([found?.uuid, found?.host, found?.port], ['B2', 'alpha.local', 4001])
    assert.equal(daemon.questions.items.length, 0)
  })

  it('leaves nothing on the signal of the discovery, unlike AbortSignal.any', async (t) => {
    const any = t.mock.method(AbortSignal, 'any')
    const { discovery } = open(NOT_AT_ALL)
    answering(responseOf(TYPE, 'B2'))
    assert.notEqual(await discovery.locate('B2', NEVER), null)
    assert.equal(any.mock.callCount(), 0)
  })

  it('is not answered by a response about another instance', async () => {
    const { discovery } = open(NOT_AT_ALL)
    const other = responseOf(TYPE, 'C3', { port: 4001 })
    answering(other, responseOf(TYPE, 'B2', { port: 4002 }), other)
    assert.equal((await discovery.locate('B2', NEVER))?.port, 4002)
  })

  it('has the paths of all answers that come within a moment', async () => {
    const { discovery } = open(NOT_AT_ALL)
    answering(responseOf(TYPE, 'B2'), responseOf(TYPE, 'B2', { address: '127.0.0.2' }))
    const found = await discovery.locate('B2', NEVER)
    assert.deepEqual(
      found?.paths.map(({ address }) => address),
      [LOOPBACK, '127.0.0.2']
    )
  })

  it('has what each answer says if they disagree, and two answers of each sender', async () => {
    const { discovery } = open(NOT_AT_ALL)
    const ports = [4001, 4002, 4003]
    answering(...ports.map((port) => responseOf(TYPE, 'B2', { port })))
    const found = await discovery.locate('B2', NEVER)
    assert.deepEqual([found?.port, found?.others?.map(({ port }) => port)], [4002, [4001]])
  })

  it('is answered by the response with our kind of security, if responses differ', async () => {
    const { discovery } = open(NOT_AT_ALL)
    const [right, wrong] = [4001, 4002].map((port) =>
      responseOf(TYPE, 'B2', { port, sec: port === 4001 ? 'none' : 'tls' })
    )
    assert.ok(right !== undefined && wrong !== undefined)
    answering(wrong, right, wrong)
    assert.equal((await discovery.locate('B2', NEVER))?.port, 4001)
  })

  it('is answered by the daemon if the network does not answer', async () => {
    const { discovery, daemon } = open(AT_ONCE)
    daemon.answer = async () => DAEMON
    assert.deepEqual(await discovery.locate('B2', NEVER), DAEMON)
    assert.deepEqual(
      daemon.questions.items.map(({ uuid }) => uuid),
      ['B2']
    )
  })

  it('is answered by the network if the daemon is slower, whose question is cancelled', async () => {
    const { discovery, daemon } = open(AT_ONCE)
    const question = discovery.locate('B2', NEVER)
    const [asked] = await daemon.questions.reach(1, 'the daemon is asked')
    answering(responseOf(TYPE, 'B2'))
    assert.equal((await question)?.port, 4000)
    assert.equal(asked?.signal.aborted, true)
  })

  it('is answered by the network if the daemon does not know it', async () => {
    const { discovery, daemon } = open(AT_ONCE)
    daemon.answer = async () => {
      answering(responseOf(TYPE, 'B2'))
      return null
    }
    assert.equal((await discovery.locate('B2', NEVER))?.port, 4000)
    assert.equal(daemon.questions.items.length, 1)
  })

  it('goes to the daemon after a time without an answer, and ends for both after two seconds', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const { discovery, daemon } = open({ againMs: 60_000 })
    let answer: Instance | null | undefined
    const question = discovery.locate('B2', NEVER).then((found) => {
      answer = found
    })
    const pass = async (ms: number) => {
      mock.timers.tick(ms)
      await setImmediate()
    }
    await pass(LOOK_TIMES.locateMs - 1)
    assert.equal(daemon.questions.items.length, 0)
    await pass(1)
    assert.equal(daemon.questions.items.length, 1)
    await pass(LOCATE_MS - LOOK_TIMES.locateMs - 1)
    assert.equal(answer, undefined)
    await pass(1)
    assert.equal(answer, null)
    assert.equal(daemon.questions.items[0]?.signal.aborted, true)
    await question
  })

  it('has no answer when its signal is aborted, and ends for both', async () => {
    const { discovery, daemon } = open(AT_ONCE)
    const controller = new AbortController()
    const question = discovery.locate('B2', controller.signal)
    const [asked] = await daemon.questions.reach(1, 'the daemon is asked')
    controller.abort()
    assert.equal(await question, null)
    assert.equal(asked?.signal.aborted, true)
  })

  it('goes to neither if its signal was aborted before', async () => {
    const { discovery, daemon } = open(AT_ONCE)
    assert.equal(await discovery.locate('B2', AbortSignal.abort()), null)
    assert.equal(daemon.questions.items.length, 0)
    // An earlier question to the network would have arrived before this one.
    answering(responseOf(TYPE, 'B2'))
    assert.equal((await discovery.locate('B2', NEVER))?.port, 4000)
    assert.equal(responder.questions.items.filter(isForIt).length, 1)
  })

  it('has no answer after close, even if it was asked before', async () => {
    const { discovery, daemon } = open(AT_ONCE)
    const question = discovery.locate('B2', NEVER)
    await daemon.questions.reach(1, 'the daemon is asked')
    await discovery.close()
    assert.equal(await question, null)
    assert.equal(await discovery.locate('B2', NEVER), null)
    assert.equal(daemon.questions.items.length, 1)
  })
})
