import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { decode, encode, type Question } from 'dns-packet'
import { Tally } from './wait.js'

const [GROUP, PORT] = ['224.0.0.251', 5353]
export const LOOPBACK = '127.0.0.1'

/** A question that was received, and a way to answer it. */
export interface Asked {
  readonly question: Question
  /** Sends these messages to the querier, in this order. */
  readonly answer: (...messages: readonly Buffer[]) => void
}

/** A multicast DNS responder on the loopback interface for the questions of one cluster. The test gives the answers. */
export class Responder {
  readonly questions = new Tally<Asked>()
  /** Called with each question and its number, the first of which is 1. */
  onQuestion: (asked: Asked, number: number) => void = () => {}
  readonly #socket: Socket
  readonly #type: string

  private constructor(socket: Socket, type: string) {
    this.#socket = socket
    this.#type = type
    socket.on('message', (message, { address, port }) => {
      for (const question of decode(message).questions ?? []) {
        if (question.name !== this.#type && !question.name.endsWith(`.${this.#type}`)) continue
        const answer = (...messages: readonly Buffer[]) => {
          for (const one of messages) socket.send(one, port, address)
        }
        const asked = { question, answer }
        this.onQuestion(asked, this.questions.items.length + 1)
        this.questions.add(asked)
      }
    })
  }

  /** @param type the service type: `_my-cluster._tcp.local` */
  static async open(type: string): Promise<Responder> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    const responder = new Responder(socket, type)
    socket.bind({ port: PORT, address: GROUP, exclusive: true })
    await once(socket, 'listening')
    socket.addMembership(GROUP, LOOPBACK)
    socket.setMulticastInterface(LOOPBACK)
    return responder
  }

  close(): void {
    this.#socket.close()
  }
}

/** A response with all records of one instance. */
export function responseOf(type: string, uuid: string, { port = 4000, address = LOOPBACK, sec = 'none' } = {}): Buffer {
  const name = `${uuid}.${type}`
  return encode({
    type: 'response',
    answers: [{ type: 'PTR', name: type, data: name }],
    additionals: [
      { type: 'SRV', name, data: { port, target: 'alpha.local' } },
      { type: 'TXT', name, data: ['v=1', `sec=${sec}`] },
      { type: 'A', name: 'alpha.local', data: address }
    ]
  })
}
