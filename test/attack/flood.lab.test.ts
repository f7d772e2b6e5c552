// An attacker floods the multicast DNS group with packets that are not messages, false records of existing members, and
// services that do not exist. With the driver embedded, the service's own process handles them: connections are not
// affected, the event loop is not blocked, memory is bounded, and an honest newcomer can join.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sharedLab, skipWithoutLab } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh, fullMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { WHOLE } from '../support/long.js'
import type { FloodPlan } from './flooder.js'

const FLOODER = fileURLToPath(new URL('flooder.js', import.meta.url))
const FLOODS = {
  garbage: { perSecond: 10_000, forMs: WHOLE ? 10_000 : 2000 },
  lies: { perSecond: 10_000, forMs: WHOLE ? 10_000 : 2000 },
  // Slowly enough that the sockets take most of them: each of the 10,000 comes twice in the whole form.
  announcements: { perSecond: 2000, forMs: WHOLE ? 10_000 : 2000 }
}
const FLOOD_MS = 60_000
const MIB = 2 ** 20
/** With announcements, as many instances are known in the end as ever may be: most of the growth is garbage of that. */
const MAX_GROWTH = { garbage: 64 * MIB, lies: 64 * MIB, announcements: 96 * MIB }
const NEWCOMER_MS = 15_000
/** How long the event loop may be blocked, in milliseconds. On an idle machine it is blocked for 20. */
const HELD_MS = 250
/**
 * How much processor time a turn of the event loop may take, in milliseconds. Announced instances are dialed as well, where
 * nobody listens, which takes more.
 */
const WORK_MS = { garbage: 20, lies: 20, announcements: 30 }

const shared = sharedLab(async (lab) => {
  const [alpha, beta, gamma, mallory] = await lab.hosts(['alpha', 'beta', 'gamma', 'mallory'], { avahi: false })
  return { alpha, beta, gamma, mallory }
})

for (const kind of ['garbage', 'lies', 'announcements'] as const) {
  test(`${kind}, ${FLOODS[kind].perSecond} packets a second`, { skip: skipWithoutLab }, async (t) => {
    const { alpha, beta, gamma, mallory } = shared.hosts
    const settings = { name: `flood-${kind.slice(0, 8)}`, driver: 'embedded', errorHandlers: false }
    const old = [await Node.start(alpha, settings), await Node.start(beta, settings)] as const
    await firstMesh(old)
    const before = await Promise.all(old.map((node) => node.stats()))

    const victims = old.map(({ uuid }) => uuid)
    const plan: FloodPlan = { name: settings.name, address: mallory.ipv4, victims, kind, ...FLOODS[kind] }
    const flooder = await mallory.run([process.execPath, FLOODER, JSON.stringify(plan)])
    await flooder.line(/^flooding/, 'the flood does not begin', FLOOD_MS)
    const flooded = flooder.line(/^flooded/, 'the flood does not end', FLOOD_MS)
    const start = Date.now()
    const newcomer = await Node.start(gamma, settings)
    const nodes = [...old, newcomer]
    await fullMesh(nodes, NEWCOMER_MS)
    t.diagnostic(`a newcomer is in the mesh ${Date.now() - start} ms after its start`)
    await everybodyTalks(nodes)
    t.diagnostic(await flooded)

    for (const [i, node] of old.entries()) {
      const { heldMs, workMs, rssBytes } = await node.stats()
      const growth = rssBytes - (before[i]?.rssBytes ?? 0)
      t.diagnostic(
        `the event loop was blocked for ${heldMs.toFixed(1)} ms, ${workMs.toFixed(1)} ms of work, ${(growth / MIB).toFixed(1)} MiB more`
      )
      assert.ok(heldMs < HELD_MS, `the event loop was blocked for ${heldMs} ms`)
      assert.ok(workMs < WORK_MS[kind], `a turn of the event loop took ${workMs} ms of processor time`)
      assert.ok(growth < MAX_GROWTH[kind], `${(growth / MIB).toFixed(1)} MiB more`)
      assert.deepEqual(node.ledger.all('closed'), [])
    }
    await everybodyTalks(nodes)
    await closeAll(nodes)
  })
}
