import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Discovery, Instance, Txt } from '#tcpnet/discovery/discovery.js'
import { ConnectBudget } from '#tcpnet/mesh/connect-budget.js'
import { CROWD_LIMITS, type CrowdLimits } from '#tcpnet/mesh/crowd-limit.js'
import { DEFAULT_LIMITS, type Limits } from '#tcpnet/mesh/limits.js'
import { Mesh } from '#tcpnet/mesh/mesh.js'
import type { Peer } from '#tcpnet/mesh/peer.js'
import { type Connect, connectTo, type Endpoint } from '#tcpnet/mesh/race.js'
import { filterConnects } from '#tcpnet/net/connect-filter.js'
import { plain } from '#tcpnet/security/security.js'
import { TokenBucket } from '#tcpnet/token-bucket.js'
import { randomUuid } from '#tcpnet/uuid.js'

const NOW = { leastMs: 0, mostMs: 0 }

/** The parts that a mesh uses. */
export interface Parts {
  budget?: ConnectBudget
  connect?: Connect
  /** Those of the kernel's filter; default: it is not used. */
  crowd?: CrowdLimits
  locate?: Discovery['locate']
  shouldConnect?: (peer: Peer) => boolean
}

/** A mesh without discovery: the test tells it of its peers. */
export class TestMesh {
  readonly uuid = randomUuid()
  readonly mesh: Mesh
  /** The peers that are connected, with their sockets. */
  readonly connected = new Map<string, Socket>()
  /** The peer of each failed dial that was reported. */
  readonly failed: string[] = []
  /** The endpoints of its connection attempts, in order. */
  readonly attempts: Endpoint[] = []
  /** How many connections it has accepted from each address. */
  readonly accepts = new Map<string, number>()
  /** The peers that it asked discovery for, in order. */
  readonly questions: string[] = []
  readonly budget: ConnectBudget
  /** What discovery knows, by uuid. */
  readonly #known = new Map<string, Instance>()
  readonly #server = createServer()
  #closed: Promise<void> | null = null

  /** @param limits those that are not the default ones */
  constructor(
    limits: Partial<Limits> = {},
    { budget = new ConnectBudget(), connect = connectTo, ...parts }: Parts = {}
  ) {
    const { locate = async (uuid) => this.#known.get(uuid) ?? null, crowd = CROWD_LIMITS } = parts
    this.budget = budget
    this.mesh = new Mesh({
      name: 'test',
      uuid: this.uuid,
      boot: '0123456789abcdef',
      security: plain,
      limits: { ...DEFAULT_LIMITS, expect: { higher: NOW, lower: NOW }, ...limits },
      locate: async (uuid, signal) => {
        this.questions.push(uuid)
        return await locate(uuid, signal)
      },
      port: () => (this.#server.listening ? this.port : null),
      budget,
      filterConnects: (listed, addresses) =>
        parts.crowd !== undefined && filterConnects(this.#server, listed, addresses),
      crowd: { limits: crowd, inAll: new TokenBucket(crowd.inAll) },
      shouldConnect: parts.shouldConnect,
      connect: (endpoint) => {
        this.attempts.push(endpoint)
        return connect(endpoint)
      },
      onConnection: (socket, peer) => {
        assert.ok(!this.connected.has(peer), 'a second connection')
        this.connected.set(peer, socket)
        socket.resume().on('close', () => this.connected.delete(peer))
      },
      onDisconnected: () => {},
      onDialFailed: (_error, { uuid }) => this.failed.push(uuid),
      onRejected: () => {}
    })
    this.#server.on('connection', (socket) => {
      const from = socket.remoteAddress ?? ''
      this.accepts.set(from, (this.accepts.get(from) ?? 0) + 1)
      this.mesh.admit(socket)
    })
  }

  /** A mesh that accepts connections. */
  static async listening(limits?: Partial<Limits>, parts?: Parts): Promise<TestMesh> {
    const made = new TestMesh(limits, parts)
    await listen(made.#server)
    return made
  }

  /** Its location, in the form of discovery. */
  get instance(): Instance {
    return instanceAt(this.port, this.uuid)
  }

  /** Has discovery see a peer, and answer where it is. */
  announce(instance: Instance): void {
    this.#known.set(instance.uuid, instance)
    this.mesh.seen(instance.uuid)
  }

  /** Has discovery lose a peer. */
  withdraw(uuid: string): void {
    this.#known.delete(uuid)
    this.mesh.gone(uuid)
  }

  get port(): number {
    return portOf(this.#server)
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#server.close()
    this.#closed ??= new Promise((resolve) => this.mesh.close(1000, resolve))
    return this.#closed
  }
}

/** An instance at a port of this machine, in the form of discovery. */
export function instanceAt(
  port: number,
  uuid = randomUuid(),
  addresses: readonly string[] = ['127.0.0.1'],
  txt: Txt = {}
): Instance {
  const paths = addresses.map((address) => ({ interfaceIndex: 1, family: 4 as const, address }))
  return { uuid, host: 'lies.local', port, txt, paths }
}

/** Listens on a free port, by default of the loopback interface. Resolves with the port. */
export async function listen(server: Server, address = '127.0.0.1'): Promise<number> {
  server.listen(0, address)
  await once(server, 'listening')
  return portOf(server)
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
