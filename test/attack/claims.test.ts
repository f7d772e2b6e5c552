// Without security every host can claim a peer's uuid. Claims do not replace the connection to the peer all the time,
// and claims from other addresses than those of the peer do not keep it out.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { encodeHello } from '#tcpnet/mesh/hello.js'
import { type Parts, TestMesh } from '../support/test-mesh.js'
import { until, within } from '../support/wait.js'

const CLAIMS = 40
/** Milliseconds between two claims. */
const CLAIM_EVERY_MS = 4
/** The address that claims come from; the meshes are at 127.0.0.1. */
const ELSEWHERE = '127.0.0.2'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function mesh(parts?: Parts): Promise<TestMesh> {
  const made = await TestMesh.listening({}, parts)
  cleanUps.push(() => made.close())
  return made
}

function claim(victim: TestMesh, peer: TestMesh, localAddress: string): Socket {
  const claimant = connect({ port: victim.port, host: '127.0.0.1', localAddress }).on('error', () => {})
  cleanUps.push(() => claimant.destroy())
  const boot = randomBytes(8).toString('hex')
  const hello = {
    name: 'test',
    from: peer.uuid,
    boot,
    to: victim.uuid,
    seq: 0,
    dial: null,
    port: null,
    keepalive: null
  }
  claimant.resume().write(encodeHello(hello))
  return claimant
}

/** Claims continuously. Returns a function that gives the number of claims so far. */
function keepClaiming(victim: TestMesh, peer: TestMesh): () => number {
  const abort = new AbortController()
  let claims = 0
  const claimOn = async () => {
    for (; !abort.signal.aborted; claims++) {
      claim(victim, peer, ELSEWHERE)
      await delay(CLAIM_EVERY_MS)
    }
  }
  const claiming = claimOn()
  cleanUps.push(async () => {
    abort.abort()
    await claiming
  })
  return () => claims
}

function isHonest(socket: Socket | undefined): boolean {
  return socket?.remoteAddress === '127.0.0.1'
}

describe("claims of a peer's uuid", () => {
  it('replace its connection at a bounded rate if they come from its address', async () => {
    const [victim, peer] = [await mesh(), await mesh()]
    victim.announce(peer.instance)
    await until(() => victim.connected.has(peer.uuid), 'the two are not connected')
    const sockets = new Set<Socket>()
    const since = performance.now()
    for (let n = 0; n < CLAIMS; n++) {
      await within(once(claim(victim, peer, '127.0.0.1'), 'connect'), 'the claimant does not connect')
      await new Promise(setImmediate)
      const now = victim.connected.get(peer.uuid)
      if (now !== undefined) sockets.add(now)
    }
    const replaced = sockets.size - 1
    const most = 3 + (performance.now() - since) / 1000
    assert.ok(replaced <= most, `replaced ${replaced} times`)
    assert.ok(replaced > 0, 'no claim replaces it: a peer that restarts could not come back')
  })

  it('do not replace it if they come from elsewhere, and do not keep the peer from coming back', async () => {
    const [victim, peer] = [await mesh(), await mesh()]
    // The victim dials, so it knows the peer's address from discovery before the first claim.
    victim.announce(peer.instance)
    await until(() => victim.connected.has(peer.uuid) && peer.connected.has(victim.uuid), 'the two are not connected')
    peer.announce(victim.instance)
    const claims = keepClaiming(victim, peer)
    const stays = async () => {
      const [socket, enough] = [victim.connected.get(peer.uuid), claims() + CLAIMS]
      await until(() => claims() >= enough || victim.connected.get(peer.uuid) !== socket, 'there are no claims')
      assert.ok(victim.connected.get(peer.uuid) === socket, 'the connection was replaced')
    }
    await stays()
    victim.connected.get(peer.uuid)?.destroy()
    await until(() => !isHonest(victim.connected.get(peer.uuid)), 'the connection is not lost')
    await until(() => isHonest(victim.connected.get(peer.uuid)), 'the peer does not come back', 2000)
    await stays()
  })

  it('cause a question where the peer is if it was never dialed, so that it can come back', async () => {
    const peer = await mesh()
    const victim = await mesh({ locate: async () => peer.instance })
    peer.announce(victim.instance)
    await until(() => victim.connected.has(peer.uuid), 'the two are not connected')
    assert.deepEqual(victim.questions, [])
    const claims = keepClaiming(victim, peer)
    await until(
      () => claims() >= CLAIMS && isHonest(victim.connected.get(peer.uuid)),
      'the peer does not come back',
      4000
    )
    assert.deepEqual(victim.questions, [peer.uuid])
    const [socket, enough] = [victim.connected.get(peer.uuid), claims() + CLAIMS]
    await until(() => claims() >= enough, 'there are no claims')
    assert.ok(victim.connected.get(peer.uuid) === socket, 'the connection was replaced')
  })
})
