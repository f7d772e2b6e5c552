// A first look on the loopback interface, where the test answers.
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { it } from 'node:test'
import { encode } from 'dns-packet'
import { FirstLook } from '#tcpnet/discovery/first-look.js'
import { interfaceOf } from '#tcpnet/network.js'
import { Tally } from './support/wait.js'

const [GROUP, PORT, LOOPBACK] = ['224.0.0.251', 5353, '127.0.0.1']
const type = '_paced._tcp.local'

function answer(uuid: string): Buffer {
  return encode({
    type: 'response',
    answers: [
      { type: 'SRV', name: `${uuid}.${type}`, data: { port: 4000, target: 'alpha.local' } },
      { type: 'A', name: 'alpha.local', data: LOOPBACK }
    ]
  })
}

/** Answers each question with these messages. */
async function respond(messages: readonly Buffer[]): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.on('message', (_question, from) => {
    for (const message of messages) socket.send(message, from.port, from.address)
  })
  socket.bind({ port: PORT, address: GROUP, exclusive: true })
  await once(socket, 'listening')
  socket.addMembership(GROUP, LOOPBACK)
  socket.setMulticastInterface(LOOPBACK)
  return socket
}

it('reads answers when it is their turn, and none once it is closed', async (t) => {
  const responder = await respond(['A1', 'B2', 'C3'].map(answer))
  t.after(() => responder.close())
  const pieces = new Tally<() => void>()
  const hints: string[] = []
  const look = new FirstLook({
    name: 'paced',
    uuid: null,
    interfaces: [interfaceOf(LOOPBACK) ?? assert.fail('this machine has no loopback interface')],
    askAtMs: [0],
    onHint: ({ uuid }) => hints.push(uuid),
    reading: {
      do: (piece) => {
        pieces.add(piece)
        return true
      }
    }
  })
  t.after(() => look.close())
  const [first, second, third] = await pieces.reach(3, 'the answers are there')
  assert.deepEqual(hints, [])
  first?.()
  second?.()
  assert.deepEqual(hints, ['A1', 'B2'])
  look.close()
  third?.()
  assert.deepEqual(hints, ['A1', 'B2'])
})
