// A mesh that is told of hundreds of peers that do not exist still dials the one that exists at once.
import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { DEFAULT_LIMITS } from '#tcpnet/mesh/limits.js'
import { instanceAt, listen, portOf, TestMesh } from '../support/test-mesh.js'
import { until } from '../support/wait.js'

const FALSE_PEERS = 300
/** How long an honest peer may have to wait: the time until a slow dial yields, and some for a busy machine. */
const SOON_MS = 5000

describe('a mesh that is told of peers that do not exist', () => {
  const held = new Set<Socket>()
  const silent = createServer((socket) => {
    held.add(socket.on('error', () => {}).on('close', () => held.delete(socket)))
    socket.resume()
  })
  let victim: TestMesh | undefined

  before(() => listen(silent))
  after(() => {
    silent.close()
    for (const socket of held) socket.destroy()
  })

  async function meet(withLies: (one: TestMesh) => Promise<void>, withinMs = SOON_MS): Promise<void> {
    const [one, other] = await Promise.all([TestMesh.listening(), TestMesh.listening()])
    victim = one
    try {
      await withLies(one)
      one.announce(other.instance)
      await until(() => one.connected.has(other.uuid), 'the honest peer is not connected', withinMs)
      assert.ok(other.connected.has(one.uuid))
    } finally {
      await Promise.all([one.close(), other.close()])
    }
  }

  it('dials an honest peer at once if the others are silent', async () => {
    await meet(async (one) => {
      for (let n = 0; n < FALSE_PEERS; n++) one.announce(instanceAt(portOf(silent)))
      await until(() => held.size >= DEFAULT_LIMITS.maxDials, 'they are not dialed')
    })
  })

  it('dials an honest peer at once if the others are hints', async () => {
    await meet(async (one) => {
      for (let n = 0; n < FALSE_PEERS; n++) one.mesh.hint(instanceAt(portOf(silent)))
      await until(() => held.size >= DEFAULT_LIMITS.maxDials, 'they are not dialed')
    })
  })

  it('dials an honest peer at once if the budget for the address of the others is used up', async () => {
    await meet(async (one) => {
      const refusing = createServer()
      const port = await listen(refusing)
      refusing.close()
      for (let n = 0; n < FALSE_PEERS; n++) one.announce(instanceAt(port))
      await until(() => (victim?.budget.waitMs('127.0.0.1') ?? 0) > 0, 'their dials do not use up the budget')
    })
  })

  it('dials an honest peer in its turn, however many are announced after it', async () => {
    let more: NodeJS.Timeout | undefined
    try {
      await meet(async (one) => {
        const lie = () => one.announce(instanceAt(portOf(silent)))
        for (let n = 0; n < 2 * DEFAULT_LIMITS.maxDials; n++) lie()
        await until(() => held.size >= DEFAULT_LIMITS.maxDials, 'they are not dialed')
        // More than can be dialed: there is always a newer one.
        more = setInterval(lie, 20)
      }, 6 * SOON_MS)
    } finally {
      clearInterval(more)
    }
  })

  it('has no more connections than maxPeers allows, and connects to the next peer when one leaves', async () => {
    const victim = await TestMesh.listening({ maxPeers: 2 })
    const peers = await Promise.all([1, 2, 3].map(() => TestMesh.listening()))
    try {
      for (const peer of peers) victim.announce(peer.instance)
      await until(() => victim.connected.size === 2, 'no two are connected')
      const left = peers.find(({ uuid }) => !victim.connected.has(uuid)) ?? assert.fail('all are connected')
      left.announce(victim.instance)
      await until(() => left.failed.length > 0, 'its own dial is not refused')
      const [first] = victim.connected.keys()
      const leaving = peers.find(({ uuid }) => uuid === first) ?? assert.fail('it is connected with a stranger')
      victim.withdraw(leaving.uuid)
      await leaving.close()
      await until(() => victim.connected.has(left.uuid), 'the third does not take the place of the first')
      assert.equal(victim.connected.size, 2)
    } finally {
      await Promise.all([victim, ...peers].map((one) => one.close()))
    }
  })
})
