import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Instance } from '#tcpnet/discovery/discovery.js'
import { DEFAULT_LIMITS, type Limits } from '#tcpnet/mesh/limits.js'
import { Mesh } from '#tcpnet/mesh/mesh.js'
import { plain } from '#tcpnet/security/security.js'
import { randomUuid } from '#tcpnet/uuid.js'

/** A mesh without discovery: what it learns of its peers, the test tells it. */
export class TestMesh {
  readonly uuid = randomUuid()
  readonly mesh: Mesh
  /** The peers that are connected. */
  readonly connected = new Set<string>()
  /** The peer of each dial that failed and was told. */
  readonly failed: string[] = []
  readonly #server = createServer()
  #closed: Promise<void> | null = null

  /** @param limits those that are not the default ones */
  constructor(limits: Partial<Limits> = {}) {
    this.mesh = new Mesh({
      name: 'test',
      uuid: this.uuid,
      boot: '0123456789abcdef',
      security: plain,
      limits: { ...DEFAULT_LIMITS, ...limits },
      onConnection: (socket, peer) => {
        assert.ok(!this.connected.has(peer), 'a second connection')
        this.connected.add(peer)
        socket.resume().on('close', () => this.connected.delete(peer))
      },
      onDisconnected: () => {},
      onDialFailed: (_error, { uuid }) => this.failed.push(uuid),
      onRejected: () => {}
    })
    this.#server.on('connection', (socket) => this.mesh.admit(socket))
  }

  /** A mesh that takes connections. */
  static async listening(limits?: Partial<Limits>): Promise<TestMesh> {
    const made = new TestMesh(limits)
    await listen(made.#server)
    return made
  }

  /** Where it listens, as discovery tells it. */
  get instance(): Instance {
    return instanceAt(portOf(this.#server), this.uuid)
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#server.close()
    this.#closed ??= new Promise((resolve) => this.mesh.close(1000, resolve))
    return this.#closed
  }
}

/** A service at a port of this machine, as discovery tells it. */
export function instanceAt(port: number, uuid = randomUuid(), address = '127.0.0.1'): Instance {
  return { uuid, host: 'lies.local', port, txt: {}, paths: [{ interfaceIndex: 1, family: 4, address }] }
}

/** Listens on a free port of the loopback interface. */
export async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
