// A network that is split into halves, and a network that loses packets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { sharedLab } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh, fullMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { LONG, WHOLE } from '../support/long.js'
import { inWhole, overDrivers } from './drivers.js'

/** How long two halves are apart: this time, and until each has noticed it. */
const SPLIT_MS = WHOLE ? 30_000 : 0
/** How long the only two hosts are apart: daemons remember a host for two minutes. */
const PAIR_SPLIT_MS = LONG ? 300_000 : WHOLE ? 10_000 : 2000
/** In the long form the driver embedded has forgotten the other: the next look finds it, at most 25 s later. */
const PAIR_JOINED_MS = LONG ? 45_000 : 20_000
/** Short: dead-host.lab.test.ts tests how fast a silent peer is detected. */
const deadPeerTimeout = 3000
/** A dial may have failed just before the halves are joined: the next one comes within 10 s, and takes at most 5 s. */
const JOINED_MS = 20_000
/** TCP repeats lost packets at growing intervals. */
const LOSSY_MS = 60_000

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta']))

overDrivers(['avahi', ...inWhole('embedded')], (driver, skip) => {
  test('six hosts that are split into halves and joined have 15 pairs again', { skip }, async (t) => {
    const nodes = await Promise.all(
      shared.hosts.map((host) => Node.start(host, { name: 'halves', driver, deadPeerTimeout }))
    )
    await firstMesh(nodes)
    const [hosts, split] = [shared.hosts, Date.now()]
    await shared.lab.split(hosts.slice(0, 3), hosts.slice(3))
    await Promise.all([fullMesh(nodes.slice(0, 3)), fullMesh(nodes.slice(3))])
    t.diagnostic(`two halves after ${Date.now() - split} ms`)
    await delay(Math.max(split + SPLIT_MS - Date.now(), 0))
    const joined = Date.now()
    await shared.lab.join()
    await fullMesh(nodes, JOINED_MS)
    t.diagnostic(`15 pairs ${Date.now() - joined} ms after they were joined`)
    await everybodyTalks(nodes, 'together')
    await closeAll(nodes)
  })

  test(`two hosts that were apart for ${PAIR_SPLIT_MS / 1000} s are a pair again`, { skip }, async (t) => {
    const [left, right] = shared.hosts
    const nodes = await Promise.all(
      [left, right].map((host) => Node.start(host, { name: 'couple', driver, deadPeerTimeout }))
    )
    await firstMesh(nodes)
    await shared.lab.split([left], [right])
    await Promise.all(nodes.map((node) => fullMesh([node])))
    await delay(PAIR_SPLIT_MS)
    await shared.lab.join()
    const joined = Date.now()
    await fullMesh(nodes, PAIR_JOINED_MS)
    t.diagnostic(`a pair ${Date.now() - joined} ms after they were joined`)
    await everybodyTalks(nodes, 'together')
    await closeAll(nodes)
  })

  test('a full mesh forms after a split during which daemons and a node were restarted on one side', {
    skip
  }, async () => {
    const settings = { name: 'apart', driver, deadPeerTimeout }
    const hosts = shared.hosts.slice(0, 4)
    const nodes = await Promise.all(hosts.map((host, i) => Node.start(host, { ...settings, uuid: `A${i}` })))
    await firstMesh(nodes)
    await shared.lab.split(hosts.slice(0, 2), hosts.slice(2))
    const [one, two, doomed, four] = nodes
    assert.ok(one !== undefined && two !== undefined && doomed !== undefined && four !== undefined)
    await doomed.process.kill()
    await Promise.all([doomed.host.avahi.kill(), four.host.avahi.kill()])
    await Promise.all([doomed.host.avahi.start(), four.host.avahi.start()])
    const again = await Node.start(doomed.host, { ...settings, uuid: doomed.uuid })
    await Promise.all([fullMesh([one, two]), fullMesh([again, four])])
    await shared.lab.join()
    await fullMesh([one, two, again, four], JOINED_MS)
    await everybodyTalks([one, two, again, four], 'together')
    await closeAll([one, two, again, four])
  })

  for (const direction of ['in', 'out'] as const) {
    test(`a full mesh forms after a host lost all packets of direction ${direction} for a while`, {
      skip
    }, async (t) => {
      const nodes = await Promise.all(
        shared.hosts
          .slice(0, 3)
          .map((host) => Node.start(host, { name: `one-way-${direction}`, driver, deadPeerTimeout }))
      )
      await firstMesh(nodes)
      const [deaf, ...others] = nodes
      assert.ok(deaf !== undefined)
      t.after(() => deaf.host.clearFilters())
      await deaf.host.drop({ direction })
      await Promise.all([
        ...others.map((node) => node.connectedTo(others.filter((other) => other !== node))),
        deaf.connectedTo([])
      ])
      await deaf.host.clearFilters()
      const cleared = Date.now()
      await fullMesh(nodes, JOINED_MS)
      t.diagnostic(`a full mesh ${Date.now() - cleared} ms after the filter was removed`)
      await closeAll(nodes)
    })
  }

  test('a mesh forms, and heals, while 30 % of all packets are lost', { skip }, async (t) => {
    const hosts = shared.hosts.slice(0, 3)
    t.after(() => Promise.all(hosts.map((host) => host.clearFilters())))
    await Promise.all(hosts.map((host) => host.drop({ direction: 'in', lossPercent: 30 })))
    const started = Date.now()
    const nodes = await Promise.all(hosts.map((host) => Node.start(host, { name: 'lossy', driver })))
    await fullMesh(nodes, LOSSY_MS)
    t.diagnostic(`a full mesh after ${Date.now() - started} ms`)
    const [first, second] = nodes
    assert.ok(first !== undefined && second !== undefined)
    await first.ask({ ask: 'destroy', peer: second.uuid })
    await first.event('closed', 'the destroyed socket does not close')
    await fullMesh(nodes, LOSSY_MS)
    await Promise.all(hosts.map((host) => host.clearFilters()))
    await fullMesh(nodes)
    await everybodyTalks(nodes, 'at last')
    await closeAll(nodes)
  })
})
