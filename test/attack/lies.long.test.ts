// A peer that was connected before is reconnected at once, however many false peers are announced.
import assert from 'node:assert/strict'
import { createServer, Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { DEFAULT_LIMITS } from '#tcpnet/mesh/limits.js'
import { connectTo } from '#tcpnet/mesh/race.js'
import { randomUuid } from '#tcpnet/uuid.js'
import { instanceAt, listen, portOf, TestMesh } from '../support/test-mesh.js'
import { until } from '../support/wait.js'

const LIES = 4096
/** A port that stands for a host that does not exist: an attempt to connect never ends. */
const NOBODY = 9

describe(`a peer that was connected, among ${LIES} false ones`, () => {
  const held = new Set<Socket>()
  const silent = createServer((socket) => void held.add(socket.on('error', () => {}).resume()))
  before(() => listen(silent, '0.0.0.0'))
  after(() => {
    silent.close()
    for (const socket of held) socket.destroy()
  })

  for (const [name, dials, isDialed] of [
    ['both dial', true, true],
    ['only the other side can be dialed', true, false],
    ['only the other side can dial', false, true]
  ] as const) {
    test(`is reconnected at once if ${name}`, async () => {
      const victim = await TestMesh.listening(
        {},
        { connect: (endpoint) => (endpoint.port === NOBODY ? new Socket() : connectTo(endpoint)) }
      )
      const peer = await TestMesh.listening()
      try {
        if (dials) victim.announce(peer.instance)
        if (isDialed) peer.announce(victim.instance)
        await until(() => victim.connected.has(peer.uuid), 'the two are not connected')
        for (let n = 0; n < LIES; n++) {
          const port = n % 2 === 0 ? NOBODY : portOf(silent)
          victim.announce(instanceAt(port, randomUuid(), [`127.1.${n >> 8}.${n & 255}`]))
        }
        await until(() => victim.attempts.length >= 4 * DEFAULT_LIMITS.maxDials, 'the false ones are not dialed')
        const old = victim.connected.get(peer.uuid) ?? assert.fail('the two are connected')
        const before = victim.attempts.length
        old.destroy()
        await until(() => victim.connected.get(peer.uuid)?.destroyed === false, 'the two are not reconnected')
        const others = victim.attempts.length - before
        assert.ok(others < LIES / 4, `${others} attempts come before it`)
      } finally {
        await Promise.all([victim, peer].map((one) => one.close()))
      }
    })
  }
})
