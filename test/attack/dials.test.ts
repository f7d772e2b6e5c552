// A mesh that is told of a thousand peers that are not there still dials, at once, the one that is.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { Instance } from '#tcpnet/discovery/discovery.js'
import { DEFAULT_LIMITS } from '#tcpnet/mesh/limits.js'
import { Mesh } from '#tcpnet/mesh/mesh.js'
import { plain } from '#tcpnet/security/security.js'
import { randomUuid } from '#tcpnet/uuid.js'
import { until } from '../support/wait.js'

const LIMITS = {
  ...DEFAULT_LIMITS,
  // A slow dial makes way soon, or never ends; every failed dial is told.
  slowAfterMs: { connecting: 100, connected: 100 },
  helloTimeoutMs: 60_000,
  goodbyeMs: 0
}
const FALSE_PEERS = 1000
/** What an honest peer may have to wait: the time after which a slow dial makes way, and some for a busy machine. */
const SOON_MS = 5000

interface Party {
  readonly uuid: string
  readonly mesh: Mesh
  readonly server: Server
  /** The peers that are connected. */
  readonly connected: Set<string>
  failures: number
}

async function party(maxPeers = LIMITS.maxPeers): Promise<Party> {
  const uuid = randomUuid()
  const connected = new Set<string>()
  const server = createServer()
  const onConnection = (socket: Socket, peer: string) => {
    assert.ok(!connected.has(peer), 'a second connection')
    connected.add(peer)
    socket.resume().on('close', () => connected.delete(peer))
  }
  const onDialFailed = () => {
    self.failures++
  }
  const mesh = new Mesh({
    name: 'attacked',
    uuid,
    boot: '0123456789abcdef',
    security: plain,
    limits: { ...LIMITS, maxPeers },
    onConnection,
    onDisconnected: () => {},
    onDialFailed,
    onRejected: () => {}
  })
  server.on('connection', (socket) => mesh.admit(socket))
  const self: Party = { uuid, mesh, server, connected, failures: 0 }
  await listen(server)
  return self
}

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

async function close({ mesh, server }: Party): Promise<void> {
  server.close()
  await new Promise<void>((resolve) => mesh.close(1000, resolve))
}

function at(uuid: string, port: number, address = '127.0.0.1'): Instance {
  return { uuid, host: 'lies.local', port, txt: {}, paths: [{ interfaceIndex: 1, family: 4, address }] }
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

describe('a mesh that is told of peers that are not there', () => {
  const held = new Set<Socket>()
  const silent = createServer((socket) => {
    held.add(socket.on('error', () => {}).on('close', () => held.delete(socket)))
    socket.resume()
  })
  let victim: Party | undefined

  before(async () => listen(silent))
  after(() => {
    silent.close()
    for (const socket of held) socket.destroy()
  })

  async function meet(withLies: (mesh: Mesh) => Promise<void>, withinMs = SOON_MS): Promise<void> {
    const [one, other] = await Promise.all([party(), party()])
    victim = one
    try {
      await withLies(one.mesh)
      one.mesh.up(at(other.uuid, portOf(other.server)))
      await until(() => one.connected.has(other.uuid), 'the honest peer is not connected', withinMs)
      assert.ok(other.connected.has(one.uuid))
    } finally {
      await Promise.all([close(one), close(other)])
    }
  }

  it('dials an honest one at once, where the others say nothing', async () => {
    await meet(async (mesh) => {
      for (let n = 0; n < FALSE_PEERS; n++) mesh.up(at(randomUuid(), portOf(silent)))
      await until(() => held.size >= LIMITS.maxDials, 'they are not dialed')
      assert.equal(held.size, LIMITS.maxDials)
    })
  })

  it('dials an honest one at once, where they are hints', async () => {
    await meet(async (mesh) => {
      for (let n = 0; n < FALSE_PEERS; n++) mesh.hint(at(randomUuid(), portOf(silent)))
      await until(() => held.size >= LIMITS.maxDials, 'they are not dialed')
    })
  })

  it('dials an honest one at once, where each has failed before', async () => {
    await meet(async (mesh) => {
      const refusing = createServer()
      await listen(refusing)
      const port = portOf(refusing)
      refusing.close()
      await once(refusing, 'close')
      for (let n = 0; n < FALSE_PEERS; n++) mesh.up(at(randomUuid(), port))
      await until(() => (victim?.failures ?? 0) > 2 * FALSE_PEERS, 'not each is dialed')
    })
  })

  it('dials an honest one in its turn, however many are announced after it', async () => {
    let more: NodeJS.Timeout | undefined
    try {
      await meet(async (mesh) => {
        const lie = () => mesh.up(at(randomUuid(), portOf(silent)))
        for (let n = 0; n < 2 * LIMITS.maxDials; n++) lie()
        await until(() => held.size >= LIMITS.maxDials, 'they are not dialed')
        // More than can be dialed: the newest of all is always another.
        more = setInterval(lie, 2)
      }, 6 * SOON_MS)
    } finally {
      clearInterval(more)
    }
  })

  it('has no more connections than maxPeers allows, and takes the next peer where one leaves', async () => {
    const victim = await party(2)
    const peers = await Promise.all([party(), party(), party()])
    try {
      for (const peer of peers) victim.mesh.up(at(peer.uuid, portOf(peer.server)))
      await until(() => victim.connected.size === 2, 'no two are connected')
      const left = peers.find(({ uuid }) => !victim.connected.has(uuid)) ?? assert.fail('all are connected')
      left.mesh.up(at(victim.uuid, portOf(victim.server)))
      await until(() => left.failures > 0, 'its own dial is not refused')
      const [first] = victim.connected
      const leaving = peers.find(({ uuid }) => uuid === first) ?? assert.fail('it is connected with a stranger')
      victim.mesh.down(leaving.uuid)
      await close(leaving)
      await until(() => victim.connected.has(left.uuid), 'the third does not take the place of the first')
      assert.equal(victim.connected.size, 2)
    } finally {
      await Promise.all([victim, ...peers].filter(({ server }) => server.listening).map(close))
    }
  })
})
