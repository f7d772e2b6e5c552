// False hints and answers about a peer do not hide the true ones.
import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import type { Instance } from '#tcpnet/discovery/discovery.js'
import { joined } from '#tcpnet/discovery/instance.js'
import { instanceAt, listen, TestMesh } from '../support/test-mesh.js'
import { until } from '../support/wait.js'

const OWN = { v: '1', sec: 'none' }
/** No dial ends by itself within the test. */
const PATIENT = { helloTimeoutMs: 60_000, silentAfterMs: 100, slowAfterMs: 60_000 }

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Accepts connections and says nothing. Resolves with its port and the connections that are open. */
async function tarpit(onSocket = (_socket: Socket) => {}): Promise<{ port: number; open: Set<Socket> }> {
  const open = new Set<Socket>()
  const server: Server = createServer((socket) => {
    onSocket(socket)
    open.add(socket.on('error', () => {}).on('close', () => open.delete(socket)))
    socket.resume()
  })
  const port = await listen(server)
  cleanUps.push(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return { port, open }
}

async function mesh(locate?: () => Promise<Instance | null>): Promise<TestMesh> {
  const made = await TestMesh.listening(PATIENT, locate && { locate })
  cleanUps.push(() => made.close())
  return made
}

async function meets(victim: TestMesh, peer: TestMesh): Promise<void> {
  await until(() => victim.connected.has(peer.uuid), 'the peer is not connected', 5000)
  assert.deepEqual(victim.failed, [])
}

describe('a host that accepts and says nothing', () => {
  it('at the place of a false hint delays its peer by a second, not by the time of a dial', async () => {
    const [pit, peer] = [await tarpit(), await mesh()]
    const victim = await mesh(async () => peer.instance)
    victim.mesh.hint(instanceAt(pit.port, peer.uuid))
    await until(() => pit.open.size > 0, 'the hint is not dialed')
    await meets(victim, peer)
    assert.deepEqual(victim.questions, [peer.uuid])
    await until(() => pit.open.size === 0, 'the false connection stays open')
  })

  it('at an address that is announced with true ones gives way to those', async () => {
    const [pit, peer] = [await tarpit(), await mesh()]
    const others = [{ host: 'true.local', port: peer.port, paths: peer.instance.paths }]
    const victim = await mesh(async () => ({ ...instanceAt(pit.port, peer.uuid), others }))
    victim.mesh.seen(peer.uuid)
    await meets(victim, peer)
    assert.deepEqual(victim.questions, [peer.uuid])
  })

  it('keeps its connection while it sends something: a handshake may take longer', async () => {
    let sent = 0
    const pit = await tarpit((socket) => {
      const timer = setInterval(() => socket.write(' ', () => sent++), PATIENT.silentAfterMs / 4)
      socket.on('close', () => clearInterval(timer))
    })
    const peer = await mesh()
    const victim = await mesh(async () => peer.instance)
    victim.mesh.hint(instanceAt(pit.port, peer.uuid))
    await until(() => sent > 10, 'the hint is not dialed')
    assert.deepEqual([pit.open.size, victim.questions], [1, []])
  })

  it('keeps its connection if there is no other place: the peer may be slow', async () => {
    const pit = await tarpit()
    const slow = instanceAt(pit.port, 'A1', ['127.0.0.1', '127.0.0.2'])
    const victim = await mesh(async () => slow)
    victim.mesh.hint(slow)
    await until(() => victim.questions.length > 0, 'it is not asked where the peer is')
    await new Promise((resolve) => setTimeout(resolve, 2 * PATIENT.silentAfterMs))
    assert.deepEqual([pit.open.size, victim.attempts.length], [1, 1])
  })
})

describe('false answers about where a peer is', () => {
  const many = Array.from({ length: 64 }, (_, n) => `127.0.9.${n}`)

  for (const [order, isLast] of [
    ['before', false],
    ['after', true]
  ] as const) {
    it(`that come ${order} the true one do not keep the peer from being dialed at once`, async () => {
      const peer = await mesh()
      // No program listens there, at any address.
      const closed = await TestMesh.listening()
      const { port } = closed
      await closed.close()
      const lies = [port, port - 1].map((one) => ({ ...instanceAt(one, peer.uuid, many), txt: OWN }))
      const truth = { ...peer.instance, txt: OWN }
      const answers = isLast ? [truth, ...lies] : [...lies, truth]
      const all = answers.reduce<Instance | null>((before, answer) => joined(before, answer, OWN), null)
      const victim = await mesh(async () => all)
      victim.mesh.seen(peer.uuid)
      await meets(victim, peer)
      assert.equal(victim.questions.length, 1)
    })
  }
})
