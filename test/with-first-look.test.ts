// A uuid that was chosen is asked for before it is announced. The network is the loopback interface.
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { decode, encode } from 'dns-packet'
import type { Discovery, Driver } from '#tcpnet/discovery/discovery.js'
import { LOOK_TIMES, withFirstLook } from '#tcpnet/discovery/with-first-look.js'
import { interfaceOf } from '#tcpnet/network.js'
import { ANNOUNCEMENT } from './support/fake-session.js'
import { SILENT } from './support/silent.js'
import { Tally } from './support/wait.js'

const [GROUP, PORT, LOOPBACK] = ['224.0.0.251', 5353, '127.0.0.1']
const TYPE = `_${ANNOUNCEMENT.name}._tcp.local`
/** As the real ones, without the waits. */
const TIMES = { askAtMs: [0, 50], answerMs: 250 }

const announcement = {
  ...ANNOUNCEMENT,
  probe: true,
  interfaceIndex: interfaceOf(LOOPBACK)?.index ?? 0,
  address: LOOPBACK
}

/** What happened, in order. */
let story: Tally<string>
let responder: Socket | null
let discovery: Discovery | null

/** Answers the questions of these numbers, the first is 1, for the announcement's uuid. */
async function answering(numbers: readonly number[]): Promise<void> {
  let asked = 0
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  responder = socket
  socket.on('message', (message, from) => {
    if (!decode(message).questions?.some(({ name }) => name === TYPE)) return
    story.add(`question ${++asked}`)
    if (numbers.includes(asked)) socket.send(answer(), from.port, from.address)
  })
  socket.bind({ port: PORT, address: GROUP, exclusive: true })
  await once(socket, 'listening')
  socket.addMembership(GROUP, LOOPBACK)
  socket.setMulticastInterface(LOOPBACK)
}

function answer(): Buffer {
  const name = `${announcement.uuid}.${TYPE}`
  return encode({
    type: 'response',
    answers: [{ type: 'PTR', name: TYPE, data: name }],
    additionals: [
      { type: 'SRV', name, data: { port: 4000, target: 'older.local' } },
      { type: 'A', name: 'older.local', data: LOOPBACK }
    ]
  })
}

function open(): Discovery {
  const driver: Driver = () => {
    story.add('announced')
    return { close: async () => {} }
  }
  const failed = (error: Error) => story.add('code' in error ? String(error.code) : error.message)
  return withFirstLook(driver, TIMES)(announcement, { ...SILENT, failed })
}

beforeEach(() => {
  story = new Tally()
  discovery = null
  responder = null
})
afterEach(async () => {
  await discovery?.close()
  responder?.close()
})

describe('a chosen uuid', () => {
  it('is announced when nobody answered for it, and that was asked twice', async () => {
    await answering([])
    discovery = open()
    assert.deepEqual(await story.reach(3, 'it is announced'), ['question 1', 'question 2', 'announced'])
  })

  it('is not announced when the first question is answered', async () => {
    await answering([1])
    discovery = open()
    assert.deepEqual(await story.reach(2, 'it fails'), ['question 1', 'ERR_TCPNET_UUID_CONFLICT'])
  })

  it('is not announced when only the second question is answered', async () => {
    await answering([2])
    discovery = open()
    assert.deepEqual(await story.reach(3, 'it fails'), ['question 1', 'question 2', 'ERR_TCPNET_UUID_CONFLICT'])
  })

  it('is asked for again after the second for which mDNSResponder answers nobody (RFC 6762 §6)', () => {
    const [first = 0, second = 0] = LOOK_TIMES.askAtMs
    assert.ok(second - first >= 1000)
  })
})
