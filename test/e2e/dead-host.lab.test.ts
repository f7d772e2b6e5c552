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

/** From the cut to the close of a socket, in milliseconds: the timeout as a rule, and more on a busy machine. */
const TIMEOUTS = [
  { timeoutMs: 5000, atMostMs: 8000 },
  { timeoutMs: 2000, atMostMs: 5000 }
]
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

/** How an end of a connection to a host that is gone noticed that. */
interface Notice {
  readonly end: 'dialed' | 'accepted'
  readonly isWriting: boolean
  readonly ms: number
}

/** The close of a node's socket for another one that it can no longer reach, after `closes` others. */
async function notice(node: Node, other: Node, cut: number, isWriting: boolean, closes: number): Promise<Notice> {
  const isOf = ({ peer }: { peer: string }) => peer === other.uuid
  const { at, remote } = await node.until(
    (ledger) => ledger.all('closed').slice(closes).find(isOf),
    `${node.host.name} does not notice that ${other.host.name} is gone`
  )
  const end = remote.endsWith(`:${other.listening.port}`) ? 'dialed' : 'accepted'
  return { end, isWriting, ms: Math.round(at - cut) }
}

/** Cuts a node's host off. Both ends of each of its connections notice that; half of the other nodes write to it. */
async function noticed(victim: Node, others: readonly Node[]): Promise<Notice[]> {
  const closes = new Map([victim, ...others].map((node) => [node, node.ledger.all('closed').length]))
  const cut = Date.now()
  await victim.host.cut()
  const writing = others.filter((_, i) => i % 2 === 0)
  await Promise.all(writing.map((node) => node.ask({ ask: 'send', peer: victim.uuid, text: 'are you there?' })))
  return await Promise.all(
    others.flatMap((node) => [
      notice(node, victim, cut, writing.includes(node), closes.get(node) ?? 0),
      notice(victim, node, cut, false, closes.get(victim) ?? 0)
    ])
  )
}

overDrivers(['avahi', ...inWhole('embedded')], (driver, skip) => {
  for (const { timeoutMs, atMostMs } of TIMEOUTS) {
    test(`both ends of connections close within ${timeoutMs} ms after the cut, and are back within 5 s after the link is restored`, {
      skip
    }, async (t) => {
      const settings = { name: 'dead', driver, deadPeerTimeout: timeoutMs }
      const nodes = await Promise.all(shared.hosts.map((host) => Node.start(host, settings)))
      await firstMesh(nodes)
      const all: Notice[] = []
      for (let cut = 0; cut < CUTS; cut++) {
        const victim = nodes[cut % nodes.length]
        assert.ok(victim !== undefined)
        const others = nodes.filter((node) => node !== victim)
        // Idle for long enough that keep-alive has begun.
        await delay(timeoutMs)
        all.push(...(await noticed(victim, others)))
        await fullMesh(others)
        const restored = Date.now()
        await victim.host.restore()
        await fullMesh(nodes)
        const healedMs = Date.now() - restored
        t.diagnostic(`a full mesh ${healedMs} ms after the link was restored`)
        assert.ok(healedMs < HEALED_MS, `the mesh was full ${healedMs} ms after the link was restored`)
        await everybodyTalks(nodes, `after cut ${cut}`)
      }
      for (const isWriting of [true, false]) {
        for (const end of ['dialed', 'accepted'] as const) {
          const times = all.filter((one) => one.isWriting === isWriting && one.end === end).map(({ ms }) => ms)
          const who = `${end}, ${isWriting ? 'writing' : 'idle'}`
          t.diagnostic(`${who}: noticed after ${times} ms`)
          if (times.length === 0) continue
          assert.ok(median(times) < timeoutMs, `${who}: noticed after ${times} ms`)
          assert.ok(Math.max(...times) < atMostMs, `${who}: noticed after ${times} ms`)
        }
      }
      await closeAll(nodes)
    })
  }

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
