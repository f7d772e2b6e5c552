// One-shot questions on the loopback interface, which the test answers.
import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test'
import type { InterfaceAddress } from '#tcpnet/addon.js'
import type { Instance } from '#tcpnet/discovery/discovery.js'
import { type OneShotOptions, OneShotQuery } from '#tcpnet/discovery/one-shot.js'
import { interfaceOf } from '#tcpnet/net/addresses.js'
import { LOOPBACK, Responder, responseOf } from '../support/responder.js'
import { Tally } from '../support/wait.js'

const TYPE = '_paced._tcp.local'

let responder: Responder
let query: OneShotQuery | null

beforeEach(async () => {
  query = null
  responder = await Responder.open(TYPE)
})
afterEach(() => {
  query?.close()
  responder.close()
})

/** Asks on the loopback interface, and collects the reported instances. */
function ask(change: Partial<OneShotOptions> = {}): { query: OneShotQuery; told: Tally<Instance> } {
  const told = new Tally<Instance>()
  query = new OneShotQuery({
    name: 'paced',
    uuid: null,
    interfaces: [interfaceOf(LOOPBACK) ?? assert.fail('this machine has no loopback interface')],
    askAtMs: [0],
    overAfterMs: 60_000,
    wants: () => true,
    onInstance: (instance) => told.add(instance),
    ...change
  })
  return { query, told }
}

/** The groups to which questions are sent, by sockets that are none; the clock is the test's. */
function askedOn(t: TestContext): string[] {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const asked: string[] = []
  t.mock.method(dgram, 'createSocket', () => ({
    on: () => {},
    bind: (_options: unknown, done: () => void) => done(),
    setMulticastInterface: () => {},
    setMulticastTTL: () => {},
    send: (_message: Buffer, _port: number, group: string) => asked.push(group),
    close: () => {}
  }))
  return asked
}

function entry(name: string, family: 4 | 6): InterfaceAddress {
  const index = name === 'eth0' ? 1 : 2
  return { index, name, family, address: '', prefixLength: 24, loopback: false, up: true }
}

const uuidsOf = (instances: readonly Instance[]) => instances.map(({ uuid }) => uuid)

describe('a one-shot query', () => {
  it('asks for all of a cluster with a question for PTR', async () => {
    ask()
    const [asked] = await responder.questions.reach(1, 'the question comes')
    assert.deepEqual([asked?.question.type, asked?.question.name], ['PTR', TYPE])
  })

  it('asks for one instance with a question for all records of its name, and reports where it is', async () => {
    responder.onQuestion = ({ answer }) => answer(responseOf(TYPE, 'A1', { port: 5000 }))
    const { told } = ask({ uuid: 'A1' })
    const [instance] = await told.reach(1, 'the instance is reported')
    const [asked] = responder.questions.items
    assert.deepEqual([asked?.question.type, asked?.question.name], ['ANY', `A1.${TYPE}`])
    assert.deepEqual([instance?.uuid, instance?.host, instance?.port], ['A1', 'alpha.local', 5000])
    assert.deepEqual(
      instance?.paths.map(({ address }) => address),
      [LOOPBACK]
    )
  })

  it('asks as often as its options say', async () => {
    ask({ askAtMs: [0, 20, 40] })
    assert.equal((await responder.questions.reach(3, 'all questions come')).length, 3)
  })

  it('asks at once, and over IPv6 later, and once, if there is IPv4 as well', (t) => {
    const asked = askedOn(t)
    ask({ interfaces: [entry('eth0', 6), entry('eth0', 4), entry('eth1', 6)], askAtMs: [0, 1000] })
    assert.deepEqual(asked.splice(0), ['224.0.0.251', 'ff02::fb%eth1'])
    t.mock.timers.tick(500)
    assert.deepEqual(asked.splice(0), ['ff02::fb%eth0'])
    t.mock.timers.tick(5000)
    assert.deepEqual(asked.splice(0), ['224.0.0.251', 'ff02::fb%eth1'])
  })

  it('does not ask over IPv6 later if that is not needed by then', (t) => {
    const asked = askedOn(t)
    ask({ interfaces: [entry('eth0', 6), entry('eth0', 4)], askAtMs: [0], asksSecondFamily: () => false })
    t.mock.timers.tick(5000)
    assert.deepEqual(asked, ['224.0.0.251'])
  })

  it('reports each answer, if it is for its question', async () => {
    responder.onQuestion = ({ answer }) => answer(...['B2', 'A1', 'B2', 'A1'].map((uuid) => responseOf(TYPE, uuid)))
    const { told } = ask({ wants: (uuid) => uuid === 'A1' })
    assert.deepEqual(uuidsOf(await told.reach(2, 'both answers are reported')), ['A1', 'A1'])
  })

  it('reads an answer that a host repeats once, and a different answer of that host as well', async () => {
    const port = (number: number) => (number < 3 ? 4000 : 5000)
    responder.onQuestion = ({ answer }, number) => answer(responseOf(TYPE, 'A1', { port: port(number) }))
    const { told } = ask({ askAtMs: [0, 20, 40] })
    await responder.questions.reach(3, 'all questions come')
    const ports = (await told.reach(2, 'both answers are reported')).map((instance) => instance.port)
    assert.deepEqual(ports, [4000, 5000])
  })

  it('reads answers in turn, and none after it is closed', async () => {
    responder.onQuestion = ({ answer }) => answer(...['A1', 'B2', 'C3'].map((uuid) => responseOf(TYPE, uuid)))
    const pieces = new Tally<() => void>()
    const reading = {
      do: (piece: () => void) => {
        pieces.add(piece)
        return true
      }
    }
    const { query, told } = ask({ reading })
    const [first, second, third] = await pieces.reach(3, 'the answers are there')
    assert.deepEqual(told.items, [])
    first?.()
    second?.()
    assert.deepEqual(uuidsOf(told.items), ['A1', 'B2'])
    query.close()
    third?.()
    assert.deepEqual(uuidsOf(told.items), ['A1', 'B2'])
  })

  it('may be closed from within an answer, twice: nothing is reported after it', async () => {
    responder.onQuestion = ({ answer }) => answer(responseOf(TYPE, 'A1'), responseOf(TYPE, 'B2'))
    const pieces = new Tally<() => void>()
    const told: string[] = []
    const { query } = ask({
      onInstance: ({ uuid }) => {
        told.push(uuid)
        query.close()
        query.close()
      },
      reading: {
        do: (piece) => {
          pieces.add(piece)
          return true
        }
      }
    })
    for (const piece of await pieces.reach(2, 'the answers are there')) piece()
    assert.deepEqual(told, ['A1'])
  })
})
