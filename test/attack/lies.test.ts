// A peer that was connected before is met again at once, however many false peers are announced.
import assert from 'node:assert/strict'
import { createServer, Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connectTo } from '#tcpnet/mesh/race.js'
import { randomUuid } from '#tcpnet/uuid.js'
import { until } from '../support/wait.js'
import { at, close, LIMITS, listen, party, portOf } from './party.js'

const LIES = 4096
/** A port that stands for a host that is not there: an attempt never ends. */
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
    test(`is connected again at once where ${name}`, async () => {
      const victim = await party({
        connect: (endpoint, uuid) => (endpoint.port === NOBODY ? new Socket() : connectTo(endpoint, uuid))
      })
      const peer = await party()
      try {
        if (dials) victim.mesh.up(at(peer.uuid, portOf(peer.server)))
        if (isDialed) peer.mesh.up(at(victim.uuid, portOf(victim.server)))
        await until(() => victim.connected.has(peer.uuid), 'the two are connected')
        for (let n = 0; n < LIES; n++) {
          const port = n % 2 === 0 ? NOBODY : portOf(silent)
          victim.mesh.up(at(randomUuid(), port, [`127.1.${n >> 8}.${n & 255}`]))
        }
        await until(() => victim.attempts.length >= 4 * LIMITS.maxDials, 'the false ones are dialed')
        const old = victim.connected.get(peer.uuid) ?? assert.fail('the two are connected')
        const before = victim.attempts.length
        old.destroy()
        await until(() => victim.connected.get(peer.uuid)?.destroyed === false, 'the two are connected again')
        const others = victim.attempts.length - before
        assert.ok(others < LIES / 4, `${others} attempts come before it`)
      } finally {
        await Promise.all([victim, peer].map(close))
      }
    })
  }
})
