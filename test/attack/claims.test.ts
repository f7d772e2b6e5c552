// Without security anybody can claim a peer's uuid. The connection with the peer is not replaced all the time.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { encodeHello } from '#tcpnet/mesh/hello.js'
import { TestMesh } from '../support/test-mesh.js'
import { until, within } from '../support/wait.js'

const CLAIMS = 200

test('a peer whose uuid is claimed all the time keeps its connection for a while', async () => {
  const [victim, peer] = [await TestMesh.listening(), await TestMesh.listening()]
  const claimants: Socket[] = []
  try {
    victim.announce(peer.instance)
    await until(() => victim.connected.has(peer.uuid), 'the two are not connected')
    const sockets = new Set<Socket>()
    const since = performance.now()
    for (let n = 0; n < CLAIMS; n++) {
      const claimant = connect(victim.port, '127.0.0.1').on('error', () => {})
      claimants.push(claimant)
      await within(once(claimant, 'connect'), 'the claimant does not connect')
      const boot = randomBytes(8).toString('hex')
      claimant.write(
        encodeHello({ name: 'test', from: peer.uuid, boot, to: victim.uuid, seq: 0, dial: null, port: null })
      )
      await new Promise(setImmediate)
      const now = victim.connected.get(peer.uuid)
      if (now !== undefined) sockets.add(now)
    }
    const replaced = sockets.size - 1
    const most = 3 + (performance.now() - since) / 1000
    assert.ok(replaced <= most, `replaced ${replaced} times`)
    assert.ok(replaced > 0, 'no claimant replaces it: a peer that restarts could not come back')
  } finally {
    for (const claimant of claimants) claimant.destroy()
    await Promise.all([victim, peer].map((one) => one.close()))
  }
})
