import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Instance } from '#tcpnet/discovery/discovery.js'
import { ConnectBudget } from '#tcpnet/mesh/connect-budget.js'
import { Mesh } from '#tcpnet/mesh/mesh.js'
import type { MeshOptions } from '#tcpnet/mesh/options.js'
import { connectTo, type Endpoint } from '#tcpnet/mesh/race.js'
import { plain } from '#tcpnet/security/security.js'
import { randomUuid } from '#tcpnet/uuid.js'

export const LIMITS = { maxDials: 16, maxPeers: 1024, maxHellos: 256, maxHellosPerAddress: 32, helloTimeoutMs: 5000 }

/** A mesh with a server of its own, whose discovery is the test. */
export interface Party {
  readonly uuid: string
  readonly mesh: Mesh
  readonly server: Server
  readonly budget: ConnectBudget
  /** The peers that are connected, with their sockets. */
  readonly connected: Map<string, Socket>
  /** Where it has tried to connect to, in this order. */
  readonly attempts: Endpoint[]
  failures: number
}

export async function party(change: Partial<MeshOptions> = {}): Promise<Party> {
  const uuid = change.uuid ?? randomUuid()
  const connected = new Map<string, Socket>()
  const attempts: Endpoint[] = []
  const server = createServer()
  const budget = change.budget ?? new ConnectBudget()
  const onConnection = (socket: Socket, peer: string) => {
    assert.ok(!connected.has(peer), 'a second connection')
    connected.set(peer, socket)
    socket.resume().on('close', () => connected.delete(peer))
  }
  const onDialFailed = () => {
    self.failures++
  }
  const { connect = connectTo, ...others } = change
  const mesh = new Mesh({
    name: 'attacked',
    boot: '0123456789abcdef',
    security: plain,
    limits: LIMITS,
    onConnection,
    onDisconnected: () => {},
    onDialFailed,
    onRejected: () => {},
    ...others,
    uuid,
    budget,
    connect: (endpoint, peer) => {
      attempts.push(endpoint)
      return connect(endpoint, peer)
    }
  })
  server.on('connection', (socket) => mesh.admit(socket))
  const self: Party = { uuid, mesh, server, budget, connected, attempts, failures: 0 }
  await listen(server)
  return self
}

export async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host)
  await once(server, 'listening')
  return portOf(server)
}

export async function close({ mesh, server }: Party): Promise<void> {
  if (server.listening) server.close()
  await new Promise<void>((resolve) => mesh.close(1000, resolve))
}

/** An instance at some addresses of the loopback network. */
export function at(uuid: string, port: number, addresses: readonly string[] = ['127.0.0.1'], txt = {}): Instance {
  const paths = addresses.map((address) => ({ interfaceIndex: 1, family: 4 as const, address }))
  return { uuid, host: 'lies.local', port, txt, paths }
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
