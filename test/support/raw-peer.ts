import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { Discovery } from '#tcpnet/discovery/discovery.js'
import { memory } from '#tcpnet/discovery/drivers/memory.js'
import type { Service } from '#tcpnet/index.js'
import { decodeAnswer, decodeHello, encodeAnswer, encodeHello, type Hello } from '#tcpnet/mesh/hello.js'
import { readLine } from '#tcpnet/net/line.js'
import { SILENT } from './silent.js'
import { Tally, within } from './wait.js'

const BOOT = 'fedcba9876543210'

/** An announced peer whose side of every connection is played by the test. */
export class RawPeer {
  readonly uuid: string
  /** The dials that it received. */
  readonly dials = new Tally<Socket>()
  readonly #server: Server
  #discovery: Discovery | null = null

  private constructor(uuid: string) {
    this.uuid = uuid
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {})
      this.dials.add(socket)
    })
  }

  /** Announces a peer in the cluster of that name. */
  static async announce(name: string, uuid: string): Promise<RawPeer> {
    const peer = new RawPeer(uuid)
    peer.#server.listen(0, '127.0.0.1')
    await once(peer.#server, 'listening')
    const { port } = peer.#server.address() as AddressInfo
    const announced = new Promise<void>((resolve, reject) => {
      const instance = { name, uuid, port, probe: false, txt: { v: '1' }, interfaceIndex: 0, address: null }
      peer.#discovery = memory(instance, { ...SILENT, announced: resolve, failed: reject })
    })
    await within(announced, 'the raw peer is not announced')
    return peer
  }

  /** The next dial, with its hello read. */
  async dial(count: number): Promise<{ socket: Socket; hello: Hello }> {
    const dials = await this.dials.reach(count, `${this.uuid} is not dialed`)
    const socket = dials[count - 1]
    if (socket === undefined) throw new Error('This dial did not come.')
    const hello = decodeHello(await lineOf(socket))
    if (hello instanceof Error) throw hello
    return { socket, hello }
  }

  /** Accepts no more dials. Connections and the announcement stay. */
  stopListening(): void {
    this.#server.close()
  }

  /** Ends the announcement; connections stay. */
  async withdraw(): Promise<void> {
    await this.#discovery?.close()
  }

  async close(): Promise<void> {
    await this.withdraw()
    for (const socket of this.dials.items) socket.destroy()
    if (this.#server.listening) {
      this.#server.close()
      await once(this.#server, 'close')
    }
  }
}

/** Answers a hello with ok. */
export function accept(socket: Socket, seq = 1): void {
  socket.write(encodeAnswer({ status: 'ok', seq, boot: BOOT }))
}

/** A hello for a service. */
export function helloTo(service: Service, change: Partial<Hello> = {}): string {
  const hello = {
    name: service.name,
    from: 'DEAD',
    boot: BOOT,
    to: service.uuid,
    seq: 0,
    dial: null,
    port: null,
    keepalive: null
  }
  return encodeHello({ ...hello, ...change })
}

/** A connection to a service, from an address of the loopback network. */
export async function knock(service: Service, localAddress = '127.0.0.1'): Promise<Socket> {
  const bound = service.address()
  if (bound === null) throw new Error('The service does not listen.')
  return knockAt(bound.port, localAddress)
}

/** A connection to a port of this machine, from an address of the loopback network. */
export async function knockAt(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true })
  socket.on('error', () => {})
  await within(once(socket, 'connect'), 'the service is not reached')
  return socket
}

/** Sends a hello, and reads the status of the answer, with its reason if it has one. */
export async function introduce(socket: Socket, hello: string): Promise<string> {
  socket.write(hello)
  const answer = decodeAnswer(await lineOf(socket))
  if (answer instanceof Error) throw answer
  return answer.status === 'refused' ? `refused: ${answer.reason}` : answer.status
}

/** Waits until the other side has ended or reset a connection. */
export async function over(socket: Socket): Promise<void> {
  const done = new Promise<void>((resolve) => {
    if (socket.closed || socket.readableEnded) resolve()
    socket.once('end', resolve).once('close', resolve).resume()
  })
  await within(done, 'the other side does not end the connection')
}

async function lineOf(socket: Socket): Promise<string> {
  const line = await within(new Promise((resolve) => readLine(socket, resolve)), 'no line comes')
  if (typeof line === 'string') return line
  throw line ?? new Error('The connection ended.')
}
