// A host is cut off without a packet: the others notice within five seconds, and reconnect within five seconds when its
// link is restored.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { sharedLab } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh, fullMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { LONG, WHOLE } from '../support/long.js'
import { inWhole, overDrivers } from './drivers.js'

/** From the cut to the close of a socket: as a rule, and at most on a busy machine. */
const NOTICED_MS = 5000
const NOTICED_AT_MOST_MS = 8000
/** From the restored link to the full mesh, in milliseconds. */
const HEALED_MS = 5000
/** How many times a host is cut off, each time another one. */
const CUTS = LONG ? 10 : WHOLE ? 2 : 1
/** How long a node does not read, in milliseconds: longer than a silent host would be tolerated. */
const PAUSE_MS = 3000
/**
 * From the cut of its host to the close of its connection, in milliseconds: twice that, the tolerated silence, and the
 * interval of checks.
 */
const PAUSED_NOTICED_MS = 12_000
/** How long a host sleeps at least, in milliseconds. */
const SLEEP_MS = LONG ? 60_000 : 0

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta']))

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
}

/** Milliseconds from the cut of a node's host to the close of each other node's socket for it; half of them write. */
async function noticed(victim: Node, others: readonly Node[]): Promise<{ writing: number[]; idle: number[] }> {
  const [closes, cut] = [others.map((node) => node.ledger.all('closed').length), Date.now()]
  await victim.host.cut()
  const writing = others.filter((_, i) => i % 2 === 0)
  await Promise.all(writing.map((node) => node.ask({ ask: 'send', peer: victim.uuid, text: 'are you there?' })))
  const times = await Promise.all(
    others.map(async (node, i) => {
      const { at, peer } = await node.event('closed', 'the dead host is not noticed', { after: closes[i] ?? 0 })
      assert.equal(peer, victim.uuid)
      return at - cut
    })
  )
  return { writing: times.filter((_, i) => i % 2 === 0), idle: times.filter((_, i) => i % 2 === 1) }
}

overDrivers(['avahi', ...inWhole('embedded')], (driver, skip) => {
  test('connections close within 5 s after the cut, and are back within 5 s after the link is restored', {
    skip
  }, async (t) => {
    const nodes = await Promise.all(shared.hosts.map((host) => Node.start(host, { name: 'dead', driver })))
    await firstMesh(nodes)
    const all = { writing: [] as number[], idle: [] as number[] }
    for (let cut = 0; cut < CUTS; cut++) {
      const victim = nodes[cut % nodes.length]
      assert.ok(victim !== undefined)
      const others = nodes.filter((node) => node !== victim)
      const { writing, idle } = await noticed(victim, others)
      await fullMesh(others)
      t.diagnostic(`noticed after ${writing.map(Math.round)} ms while writing, ${idle.map(Math.round)} ms while idle`)
      all.writing.push(...writing)
      all.idle.push(...idle)
      const restored = Date.now()
      await victim.host.restore()
      await fullMesh(nodes)
      const healedMs = Date.now() - restored
      t.diagnostic(`a full mesh ${healedMs} ms after the link was restored`)
      assert.ok(healedMs < HEALED_MS, `the mesh was full ${healedMs} ms after the link was restored`)
      await everybodyTalks(nodes, `after cut ${cut}`)
    }
    for (const [how, times] of Object.entries(all)) {
      t.diagnostic(`${how}: noticed after ${median(times)} ms, the median of ${times.length}`)
      assert.ok(median(times) < NOTICED_MS, `${how}: noticed after ${times} ms`)
      assert.ok(Math.max(...times) < NOTICED_AT_MOST_MS, `${how}: noticed after ${times} ms`)
    }
    await closeAll(nodes)
  })

  test('a peer that does not read does not count as dead, until its host is gone', { skip }, async (t) => {
    const settings = { name: 'paused', driver, deadPeerTimeout: 2000 }
    const nodes = await Promise.all(shared.hosts.slice(0, 2).map((host) => Node.start(host, settings)))
    await firstMesh(nodes)
    const [writer, reader] = nodes
    assert.ok(writer !== undefined && reader !== undefined)
    // Its kernel fills the receive buffer, and then announces a window of zero.
    await reader.process.program.freeze()
    await writer.ask({ ask: 'send', peer: reader.uuid, text: 'x'.repeat(1_000_000) })
    await delay(PAUSE_MS)
    assert.deepEqual(writer.ledger.all('closed'), [])
    const cut = Date.now()
    await reader.host.cut()
    await writer.event('closed', 'the dead host is not noticed')
    const noticedMs = Date.now() - cut
    t.diagnostic(`noticed ${noticedMs} ms after its host was cut off`)
    assert.ok(noticedMs < PAUSED_NOTICED_MS, `noticed after ${noticedMs} ms`)
    await reader.process.program.thaw()
    await reader.host.restore()
    await fullMesh(nodes, 30_000)
    await everybodyTalks(nodes, 'awake')
    await closeAll(nodes)
  })

  test('a connection that was ended also closes if its other end is gone', { skip }, async () => {
    const settings = { name: 'ended', driver, deadPeerTimeout: 2000 }
    const nodes = await Promise.all(shared.hosts.slice(0, 2).map((host) => Node.start(host, settings)))
    await firstMesh(nodes)
    const [left, gone] = nodes
    assert.ok(left !== undefined && gone !== undefined)
    // Idle for long enough that the kernel has sent keep-alive probes.
    await delay(1500)
    await gone.host.cut()
    await left.ask({ ask: 'end', peer: gone.uuid })
    await left.event('closed', 'the dead host is not noticed', { timeoutMs: 10_000 })
    await gone.host.restore()
    await fullMesh(nodes)
    await closeAll(nodes)
  })

  test('a host that slept reconnects, without a restart of its node', { skip }, async (t) => {
    const nodes = await Promise.all(shared.hosts.slice(0, 3).map((host) => Node.start(host, { name: 'sleep', driver })))
    await firstMesh(nodes)
    const [sleeper, ...others] = nodes
    assert.ok(sleeper !== undefined)
    await sleeper.host.cut()
    await Promise.all([sleeper.process.program.freeze(), sleeper.host.avahi.freeze()])
    const asleep = delay(SLEEP_MS)
    await Promise.all(others.map((node) => node.event('closed', 'the sleeper is not noticed')))
    await asleep
    await Promise.all([sleeper.process.program.thaw(), sleeper.host.avahi.thaw()])
    const woken = Date.now()
    await sleeper.host.restore()
    await fullMesh(nodes, 30_000)
    t.diagnostic(`a full mesh ${Date.now() - woken} ms after it woke`)
    await everybodyTalks(nodes, 'good morning')
    await closeAll(nodes)
  })
})
