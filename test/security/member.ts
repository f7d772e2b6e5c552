// Services of this process that find each other by the memory driver, with real sockets on loopback, and the events of
// each.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after } from 'node:test'
import { type PeerSocket, type Service, type ServiceError, type Settings, TcpnetError } from '#tcpnet/index.js'
import type { Limits } from '#tcpnet/mesh/limits.js'
import { Cluster } from '../support/cluster.js'
import { until } from '../support/wait.js'

/** Closes the members of all names, and checks the promises about connections. */
const cluster = new Cluster()
let clusters = 0

after(() => cluster.close())

/** A name that no other test of this process uses. */
export function newCluster(): string {
  return `cluster-${++clusters}`
}

/** A service, and its events. */
export class Member {
  readonly service: Service
  readonly sockets = new Map<string, PeerSocket>()
  readonly received = new Map<string, string>()
  readonly rejections: { code: string; message: string; cause: string | undefined; uuid: string | undefined }[] = []
  readonly errors: ServiceError[] = []
  /** How many `connection` events there were, and how many of these connections have closed. */
  connections = 0
  closes = 0

  constructor(settings: Settings, limits?: Partial<Limits>) {
    this.service = cluster.make(settings, limits)
    this.service.on('connection', (socket) => this.#onConnection(socket))
    this.service.on('error', (error) => this.errors.push(error))
    this.service.on('rejected', (error, { uuid }) => {
      this.rejections.push({ code: error.code, message: error.message, cause: causeOf(error), uuid })
    })
  }

  /** Resolves when it listens. */
  static async start(settings: Settings, limits?: Partial<Limits>): Promise<Member> {
    const member = new Member(settings, limits)
    await member.listen()
    return member
  }

  get uuid(): string {
    return this.service.uuid
  }

  get port(): number {
    return this.service.address()?.port ?? assert.fail('it does not listen')
  }

  async listen(): Promise<void> {
    this.service.listen()
    await once(this.service, 'listening')
  }

  /** The uuids of the peers that it is connected to. */
  get peers(): string[] {
    return [...this.sockets.keys()].sort()
  }

  /** Resolves when the connections are exactly those to these members. */
  async connectedTo(others: readonly Member[]): Promise<void> {
    const wanted = others
      .filter((other) => other !== this)
      .map(({ uuid }) => uuid)
      .sort()
    const isThere = () => String(this.peers) === String(wanted)
    await until(isThere, `not connected to exactly ${wanted}`).catch((error: Error) => {
      throw new Error(`${error.message}: ${this.peers}; ${this.#story()}`)
    })
  }

  /** Resolves with the first rejection after the first `after` ones. */
  async rejection(after = 0): Promise<(typeof this.rejections)[number]> {
    return await until(() => this.rejections[after], `no rejection number ${after + 1}`)
  }

  /** Resolves with the error when a dial of the peer has failed. */
  async dialError(peer: string): Promise<ServiceError> {
    return await until(() => this.errors.find((error) => error.peer?.uuid === peer), 'no dial has failed')
  }

  /** Sends the text. Resolves when it has arrived whole, after the earlier ones. */
  async says(text: string, to: Member): Promise<void> {
    const before = to.received.get(this.uuid) ?? ''
    const socket = this.sockets.get(to.uuid) ?? assert.fail('they are not connected')
    socket.write(text)
    await until(() => to.received.get(this.uuid) === before + text, `"${text}" does not arrive`)
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.service.close(resolve))
  }

  #onConnection(socket: PeerSocket): void {
    const { uuid } = socket.peer
    this.connections++
    this.sockets.set(uuid, socket)
    this.received.set(uuid, '')
    socket.setEncoding('utf8')
    socket.on('data', (text) => this.received.set(uuid, `${this.received.get(uuid)}${text}`))
    socket.on('close', () => {
      this.closes++
      this.sockets.delete(uuid)
    })
  }

  #story(): string {
    return JSON.stringify({ rejections: this.rejections, errors: this.errors.map((error) => error.message) })
  }
}

/** Resolves when each is connected to all others. */
export async function mesh(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map((member) => member.connectedTo(members)))
}

function causeOf(error: TcpnetError): string | undefined {
  assert.ok(error instanceof TcpnetError)
  const { cause } = error
  return cause instanceof Error ? ('code' in cause && String(cause.code)) || cause.message : undefined
}
