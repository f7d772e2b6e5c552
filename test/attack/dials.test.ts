// A mesh dials peers that are there, however many are announced that are not.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { DEFAULT_LIMITS } from '#tcpnet/mesh/limits.js'
import type { Mesh } from '#tcpnet/mesh/mesh.js'
import { instanceAt, listen, portOf, TestMesh } from '../support/test-mesh.js'
import { until } from '../support/wait.js'

/** A slow dial makes room soon, or takes for ever; every failed dial is told. */
const LIMITS = { slowAfterMs: { connecting: 100, connected: 100 }, helloTimeoutMs: 60_000, goodbyeMs: 0 }
const { maxDials } = DEFAULT_LIMITS
const FALSE_PEERS = 1000
/** What an honest peer may have to wait, on a busy machine. */
const SOON_MS = 5000

describe('a mesh that is told of peers that are not there', () => {
  const held = new Set<Socket>()
  const silent = createServer((socket) => {
    held.add(socket.on('error', () => {}).on('close', () => held.delete(socket)))
    socket.resume()
  })
  const liar = () => instanceAt(portOf(silent))

  before(() => listen(silent))
  after(() => {
    silent.close()
    for (const socket of held) socket.destroy()
  })

  /** Two meshes meet, after one of them was told lies. */
  async function meet(lie: (victim: TestMesh) => Promise<void>, withinMs = SOON_MS): Promise<void> {
    const [one, other] = await Promise.all([TestMesh.listening(LIMITS), TestMesh.listening(LIMITS)])
    try {
      await lie(one)
      one.mesh.up(other.instance)
      await until(() => one.connected.has(other.uuid), 'the honest peer is not connected', withinMs)
      await until(() => other.connected.has(one.uuid), 'the honest peer has no connection')
    } finally {
      await Promise.all([one.close(), other.close()])
    }
  }

  for (const [how, tell] of [
    ['the others say nothing', (mesh: Mesh) => mesh.up(liar())],
    ['they are hints', (mesh: Mesh) => mesh.hint(liar())]
  ] as const) {
    it(`dials an honest one at once, where ${how}`, async () => {
      await meet(async ({ mesh }) => {
        for (let n = 0; n < FALSE_PEERS; n++) tell(mesh)
        await until(() => held.size >= maxDials, 'they are not dialed')
        assert.equal(held.size, maxDials)
      })
    })
  }

  it('dials an honest one at once, where each has failed before', async () => {
    await meet(async ({ mesh, failed }) => {
      const refusing = createServer()
      await listen(refusing)
      const port = portOf(refusing)
      refusing.close()
      await once(refusing, 'close')
      for (let n = 0; n < FALSE_PEERS; n++) mesh.up(instanceAt(port))
      await until(() => failed.length > 2 * FALSE_PEERS, 'not each is dialed')
    })
  })

  it('dials an honest one in its turn, however many are announced after it', async () => {
    let more: NodeJS.Timeout | undefined
    try {
      await meet(async ({ mesh }) => {
        const lie = () => mesh.up(liar())
        for (let n = 0; n < 2 * maxDials; n++) lie()
        await until(() => held.size >= maxDials, 'they are not dialed')
        // More than can be dialed: the newest of all is always another.
        more = setInterval(lie, 2)
      }, 6 * SOON_MS)
    } finally {
      clearInterval(more)
    }
  })
})

describe('the number of peers', () => {
  it('is bounded by maxPeers for dials, too; the next peer is connected where one leaves', async () => {
    const bounded = await TestMesh.listening({ ...LIMITS, maxPeers: 2 })
    const peers = await Promise.all([1, 2, 3].map(() => TestMesh.listening(LIMITS)))
    try {
      for (const peer of peers) bounded.mesh.up(peer.instance)
      await until(() => bounded.connected.size === 2, 'no two are connected')
      const left = peers.find(({ uuid }) => !bounded.connected.has(uuid)) ?? assert.fail('all are connected')
      left.mesh.up(bounded.instance)
      await until(() => left.failed.length > 0, 'its own dial is not refused')
      const [first] = bounded.connected
      const leaving = peers.find(({ uuid }) => uuid === first) ?? assert.fail('it is connected with a stranger')
      bounded.mesh.down(leaving.uuid)
      await leaving.close()
      await until(() => bounded.connected.has(left.uuid), 'the third does not take the place of the first')
      assert.equal(bounded.connected.size, 2)
    } finally {
      await Promise.all([bounded, ...peers].map((one) => one.close()))
    }
  })
})
