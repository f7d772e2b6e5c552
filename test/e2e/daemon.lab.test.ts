// The daemon stops under a running mesh, in every way, and comes back. No connection is affected.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Host, sharedLab } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh, fullMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import type { NodeSettings } from '../programs/protocol.js'
import { WHOLE } from '../support/long.js'
import { inWhole, overDrivers } from './drivers.js'

/** A restarted daemon is tried again within 10 s (healing.ts), and its reports come within a few seconds more. */
const HEALED_MS = 20_000
const OUTAGES_IN_A_ROW = WHOLE ? 10 : 3
/**
 * How long the event loop may be blocked while the daemon is frozen, in milliseconds: less than any wait for a daemon.
 */
const HELD_MS = 500

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma', 'delta']))

/** A mesh on three of the hosts. */
async function meshOfThree(settings: NodeSettings): Promise<Node[]> {
  const [alpha, beta, gamma] = shared.hosts
  const nodes = await Promise.all([alpha, beta, gamma].map((host) => Node.start(host, settings)))
  await firstMesh(nodes)
  return nodes
}

/** One outage on the nodes' hosts: each node emits `offline` once, and then `online` once. */
async function outage(
  nodes: readonly Node[],
  begin: (host: Host) => Promise<unknown>,
  end: (host: Host) => Promise<void>
) {
  const before = nodes.map((node) => node.ledger.all('offline').length)
  const each = (step: (node: Node, after: number) => Promise<unknown>) =>
    Promise.all(nodes.map((node, i) => step(node, before[i] ?? 0)))
  await each((node) => begin(node.host))
  await each((node, after) => node.event('offline', 'offline is not reported', { after }))
  await each((node) => end(node.host))
  await each((node, after) => node.event('online', 'online is not reported', { after, timeoutMs: HEALED_MS }))
  await each(async ({ ledger }, after) => {
    assert.deepEqual([ledger.all('offline').length, ledger.all('online').length], [after + 1, after + 1])
  })
}

/** Fails unless a node that starts now, on another host, meshes with all, and no connection was closed so far. */
async function meshesWithNewcomer(nodes: readonly Node[], settings: NodeSettings): Promise<void> {
  for (const { ledger, host } of nodes) assert.deepEqual(ledger.all('closed'), [], host.name)
  const newcomer = await Node.start(shared.hosts[3], settings)
  await fullMesh([...nodes, newcomer], HEALED_MS)
  await everybodyTalks([...nodes, newcomer], 'after the outage')
  await closeAll([newcomer])
  await fullMesh(nodes)
}

const OUTAGES: Record<string, [(host: Host) => Promise<unknown>, (host: Host) => Promise<void>]> = {
  killed: [(host) => host.avahi.kill(), (host) => host.avahi.start()],
  stopped: [(host) => host.avahi.stop(), (host) => host.avahi.start()],
  'killed with their D-Bus': [
    (host) => host.dbus.kill(),
    async (host) => {
      await host.dbus.start()
      // The daemon ends when its bus does, unless it has reconnected.
      if (host.avahi.running) await host.avahi.kill()
      await host.avahi.start()
    }
  ]
}

overDrivers(['avahi', 'bonjour', ...inWhole('mdns')], (driver, skip) => {
  for (const [how, [begin, end]] of Object.entries(OUTAGES)) {
    if ((driver === 'mdns' || (driver === 'bonjour' && !WHOLE)) && how !== 'killed') continue
    test(`daemons are ${how} and started again: connections stay, and a newcomer meshes with all`, {
      skip
    }, async () => {
      const settings = { name: 'outage', driver }
      const nodes = await meshOfThree(settings)
      await outage(nodes, begin, end)
      await meshesWithNewcomer(nodes, settings)
      await closeAll(nodes)
    })
  }
})

overDrivers(['avahi'], (driver, skip) => {
  test(`daemons are killed and started again ${OUTAGES_IN_A_ROW} times in a row`, { skip }, async () => {
    const settings = { name: 'outages', driver }
    const nodes = await meshOfThree(settings)
    for (let round = 1; round <= OUTAGES_IN_A_ROW; round++) {
      await outage(
        nodes,
        (host) => host.avahi.kill(),
        (host) => host.avahi.start()
      )
    }
    await meshesWithNewcomer(nodes, settings)
    await closeAll(nodes)
  })
})

overDrivers(['avahi', ...inWhole('bonjour')], (driver, skip) => {
  test('a frozen daemon does not block the event loop or close(), and a newcomer meshes with all when it is thawed', {
    skip
  }, async (t) => {
    const settings = { name: 'frozen', driver }
    const held: number[] = []
    for (let round = 1; round <= (WHOLE ? 3 : 1); round++) {
      const [leaving, ...nodes] = await meshOfThree(settings)
      assert.ok(leaving !== undefined)
      await leaving.stats()
      await leaving.host.avahi.freeze()
      await everybodyTalks([leaving, ...nodes], 'while it is frozen')
      await leaving.ask({ ask: 'close' })
      held.push((await leaving.event('close', 'close is not emitted while the daemon is frozen')).heldMs)
      await leaving.process.ended()
      await leaving.host.avahi.thaw()
      await closeAll(nodes)
    }
    t.diagnostic(`the event loop was blocked for ${held.map((ms) => ms.toFixed(1))} ms`)
    assert.ok(Math.max(...held) < HELD_MS, `the event loop was blocked for ${held} ms`)

    const nodes = await meshOfThree(settings)
    for (const { host } of nodes) await host.avahi.freeze()
    for (const { host } of nodes) await host.avahi.thaw()
    await meshesWithNewcomer(nodes, settings)
    await closeAll(nodes)
  })
})
