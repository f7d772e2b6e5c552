// Our own queries beside a driver. The network is the loopback interface, on which the test answers.
import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Discovery, Driver, Instance, Listener } from '#tcpnet/discovery/discovery.js'
import { LOOK_TIMES, type LookTimes, nextLookMs } from '#tcpnet/discovery/look-times.js'
import { withFirstLook } from '#tcpnet/discovery/with-first-look.js'
import { interfaceOf, localAddresses } from '#tcpnet/net/addresses.js'
import { ANNOUNCEMENT } from '../support/fake-session.js'
import { LOOPBACK, Responder, responseOf } from '../support/responder.js'
import { SILENT } from '../support/silent.js'
import { Tally } from '../support/wait.js'

const TYPE = `_${ANNOUNCEMENT.name}._tcp.local`
const ON_LOOPBACK = { ...ANNOUNCEMENT, interfaceIndex: interfaceOf(LOOPBACK)?.index ?? 0, address: LOOPBACK }

let responder: Responder
let discovery: Discovery | null

beforeEach(async () => {
  discovery = null
  responder = await Responder.open(TYPE)
})
afterEach(async () => {
  await discovery?.close()
  responder.close()
})

describe('a chosen uuid', () => {
  /** The same schedule as the default one, with short waits. */
  const TIMES = { askAtMs: [0, 50], answerMs: 600 }
  /** What happened, in order. */
  let story: Tally<string>

  /** Opens a discovery. The questions with these numbers, counted from 1, are answered for its uuid. */
  function open(answered: readonly number[]): void {
    story = new Tally()
    responder.onQuestion = ({ question, answer }, number) => {
      story.add(`question ${number} for ${question.type}`)
      if (answered.includes(number)) answer(responseOf(TYPE, ANNOUNCEMENT.uuid))
    }
    const driver: Driver = () => {
      story.add('announced')
      return { locate: async () => null, close: async () => {} }
    }
    const failed = (error: Error) => story.add('code' in error ? String(error.code) : error.message)
    discovery = withFirstLook(driver, TIMES)({ ...ON_LOOPBACK, probe: true }, { ...SILENT, failed })
  }

  it('is announced after two questions for it had no answer', async () => {
    open([])
    const expected = ['question 1 for PTR', 'question 2 for PTR', 'announced']
    assert.deepEqual(await story.reach(3, 'it is announced'), expected)
  })

  it('is not announced when the first question is answered', async () => {
    open([1])
    assert.deepEqual(await story.reach(2, 'it fails'), ['question 1 for PTR', 'ERR_TCPNET_UUID_CONFLICT'])
  })

  it('is not announced when only the second question is answered', async () => {
    open([2])
    const expected = ['question 1 for PTR', 'question 2 for PTR', 'ERR_TCPNET_UUID_CONFLICT']
    assert.deepEqual(await story.reach(3, 'it fails'), expected)
  })

  it('is asked for again after the second in which mDNSResponder does not repeat an answer (RFC 6762 §6)', () => {
    const [first = 0, second = 0] = LOOK_TIMES.askAtMs
    assert.ok(second - first >= 1000)
  })
})

describe('a look', () => {
  it('hints at each instance once, and not at the service itself; sightings of the driver are reported as well', async () => {
    responder.onQuestion = ({ answer }) => {
      answer(...[ANNOUNCEMENT.uuid, 'B2', 'B2', 'C3'].map((uuid) => responseOf(TYPE, uuid)))
    }
    const told = new Tally<string>()
    const listener: Listener = {
      ...SILENT,
      hint: ({ uuid }) => told.add(`hint ${uuid}`),
      seen: (uuid) => told.add(`seen ${uuid}`),
      gone: (uuid) => told.add(`gone ${uuid}`)
    }
    let driven: Listener = SILENT
    const driver: Driver = (_announcement, listener) => {
      driven = listener
      return { locate: async () => null, close: async () => {} }
    }
    discovery = withFirstLook(driver, { startAtMs: [0, 20] })(ON_LOOPBACK, listener)
    driven.seen('B2')
    driven.gone('B2')
    await responder.questions.reach(2, 'both questions come')
    assert.deepEqual(await told.reach(4, 'the others are hinted at'), ['seen B2', 'gone B2', 'hint B2', 'hint C3'])
  })
})

describe('a look beside the announcement', () => {
  /** A driver that the test plays. */
  function played(): { driver: Driver; listener: () => Listener } {
    let given: Listener = SILENT
    const driver: Driver = (_announcement, listener) => {
      given = listener
      return { locate: async () => null, close: async () => {} }
    }
    return { driver, listener: () => given }
  }

  it('is repeated soon after the announcement; peers that answer then may have seen the service, too', async () => {
    responder.onQuestion = ({ answer }, number) => answer(responseOf(TYPE, number === 1 ? 'B2' : 'C3'))
    const told = new Tally<string>()
    const hint = ({ uuid }: Instance, isMutual: boolean) => told.add(`${uuid} ${isMutual}`)
    const { driver, listener } = played()
    discovery = withFirstLook(driver, { startAtMs: [0], announcedMs: 1 })(ON_LOOPBACK, { ...SILENT, hint })
    await told.reach(1, 'the first is not hinted at')
    listener().announced()
    assert.deepEqual(await told.reach(2, 'the second is not hinted at'), ['B2 false', 'C3 true'])
  })

  it('is repeated at once if no peer was connected by then', async () => {
    const { driver, listener } = played()
    discovery = withFirstLook(driver, { startAtMs: [0], announcedMs: 60_000, aloneMs: 1 })(ON_LOOPBACK, SILENT)
    await responder.questions.reach(1, 'the first look does not come')
    listener().announced()
    await responder.questions.reach(2, 'it is not repeated')
  })

  it('is not repeated if the driver itself receives all announcements, but comes again later', async () => {
    const { driver, listener } = played()
    const times = { startAtMs: [0, 10], announcedMs: 10, aloneMs: 5, againMs: 300 }
    const start = performance.now()
    discovery = withFirstLook(driver, times, () => true)(ON_LOOPBACK, SILENT)
    await responder.questions.reach(1, 'the first look does not come')
    listener().announced()
    await responder.questions.reach(2, 'it does not look again')
    // There are at least three quarters of that time between two looks.
    assert.ok(performance.now() - start >= 220)
  })

  it('is sent over one family if the driver itself queries over both', async (t) => {
    const own = localAddresses().filter(({ index }) => index === ON_LOOPBACK.interfaceIndex)
    const families = new Set(own.map(({ family }) => family)).size
    const opened = t.mock.method(dgram, 'createSocket')
    for (const seesAll of [true, false]) {
      const before = opened.mock.callCount()
      const ended = new Tally<string>()
      const unanswered = () => ended.add('over')
      const times = { startAtMs: [0], lastAnswerMs: 200 }
      discovery = withFirstLook(played().driver, times, () => seesAll)(ON_LOOPBACK, { ...SILENT, unanswered })
      await ended.reach(1, 'the look does not end')
      await discovery.close()
      assert.equal(opened.mock.callCount() - before, seesAll ? 1 : families)
    }
  })

  it('does not come again while such a driver sees a peer', async () => {
    const { driver, listener } = played()
    const gone = new Tally<string>()
    const times = { startAtMs: [0], againMs: 20, leftMs: 20 }
    discovery = withFirstLook(driver, times, () => true)(ON_LOOPBACK, SILENT)
    listener().announced()
    listener().seen(ANNOUNCEMENT.uuid)
    await responder.questions.reach(3, 'it does not look again while it sees itself alone')
    listener().seen('B2')
    const before = responder.questions.items.length
    setTimeout(() => gone.add('gone'), 200)
    await gone.reach(1, 'time does not pass')
    assert.ok(responder.questions.items.length <= before + 1)
    listener().gone('B2')
    await responder.questions.reach(before + 3, 'it does not look again')
  })

  it('comes more often once no peer is seen any more: the network may be split', async () => {
    const { driver, listener } = played()
    const times = { startAtMs: [0], againMs: 600_000, leftMs: 20 }
    discovery = withFirstLook(driver, times, () => true)(ON_LOOPBACK, SILENT)
    listener().announced()
    await responder.questions.reach(1, 'the first look does not come')
    for (const uuid of ['B2', 'C3']) listener().seen(uuid)
    for (const uuid of ['B2', 'C3']) listener().gone(uuid)
    await responder.questions.reach(4, 'it does not look again and again')
  })

  it('comes more often while the daemon is away', async () => {
    const { driver, listener } = played()
    const times = { startAtMs: [0], againMs: 60_000, offlineMs: 20 }
    discovery = withFirstLook(driver, times)(ON_LOOPBACK, SILENT)
    listener().announced()
    await responder.questions.reach(2, 'the looks of the start do not come')
    listener().offline(new Error('gone'))
    await responder.questions.reach(6, 'it does not look again and again')
    listener().online()
  })

  const waits: [peers: number, random: number, ms: number][] = [
    [0, 0, 90_000],
    [0, 1, 150_000],
    [10, 0.5, 120_000],
    [20, 0.5, 240_000],
    [50, 0, 450_000]
  ]
  for (const [peers, random, ms] of waits) {
    it(`comes again after ${ms / 1000} s if ${peers} peers are seen and the random number is ${random}`, () => {
      assert.equal(nextLookMs(120_000, peers, random), ms)
    })
  }

  it('hints at an instance again if an earlier answer gave another kind of security', async () => {
    responder.onQuestion = ({ answer }) => {
      answer(...[4001, 4002, 4003].map((port) => responseOf(TYPE, 'B2', { port, sec: port === 4001 ? 'tls' : 'none' })))
    }
    const told = new Tally<number>()
    const driver: Driver = () => ({ locate: async () => null, close: async () => {} })
    discovery = withFirstLook(driver, { startAtMs: [0] })(ON_LOOPBACK, {
      ...SILENT,
      hint: ({ port }) => told.add(port)
    })
    assert.deepEqual(await told.reach(2, 'it is hinted at'), [4001, 4002])
  })
})

describe('the end of the first look', () => {
  /** Opens a discovery whose looks are short, and collects the reports that they were not answered. */
  function open(times: Partial<LookTimes> = {}): { reasons: Tally<string>; driven: () => Listener } {
    const reasons = new Tally<string>()
    let driven: Listener = SILENT
    const driver: Driver = (_announcement, listener) => {
      driven = listener
      return { locate: async () => null, close: async () => {} }
    }
    const looks = { startAtMs: [0, 10], lastAnswerMs: 20, againMs: 60, ...times }
    discovery = withFirstLook(driver, looks)(ON_LOOPBACK, { ...SILENT, unanswered: (reason) => reasons.add(reason) })
    return { reasons, driven: () => driven }
  }

  it('is reported once if only the service itself has answered, with what was asked on which interfaces', async () => {
    responder.onQuestion = ({ answer }) => answer(responseOf(TYPE, ANNOUNCEMENT.uuid))
    const { reasons, driven } = open()
    driven().seen(ANNOUNCEMENT.uuid)
    const [reason = ''] = await reasons.reach(1, 'nothing is reported')
    assert.match(reason, new RegExp(`^no instance answered the question for ${TYPE} on lo over IPv4`))
    assert.match(reason, /UDP of port 5353/)
    // Two of the first look, and two later looks.
    await responder.questions.reach(4, 'it does not look again')
    assert.equal(reasons.items.length, 1)
  })

  for (const how of ['answers', 'is seen']) {
    it(`is not reported if another ${how}`, async () => {
      if (how === 'answers') responder.onQuestion = ({ answer }) => answer(responseOf(TYPE, 'B2'))
      const { reasons, driven } = open()
      if (how === 'is seen') driven().seen('B2')
      await responder.questions.reach(4, 'it does not look again')
      assert.deepEqual(reasons.items, [])
    })
  }

  it('is reported with the error if a question could not be sent', async () => {
    const { Socket } = process.getBuiltinModule('node:dgram')
    mock.method(Socket.prototype, 'send', function (this: unknown, ...args: unknown[]) {
      const done = args.at(-1) as (error: Error) => void
      setImmediate().then(() => done(Object.assign(new Error('send'), { code: 'ENETUNREACH' })))
    })
    try {
      const { reasons } = open()
      const [reason = ''] = await reasons.reach(1, 'nothing is reported')
      assert.match(reason, /on lo over IPv4 \(not sent: ENETUNREACH\)/)
    } finally {
      mock.restoreAll()
    }
  })

  it('comes five seconds after the start', () => {
    assert.equal(Math.max(...LOOK_TIMES.startAtMs) + LOOK_TIMES.lastAnswerMs, 5000)
  })
})
