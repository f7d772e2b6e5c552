// Every pair of nodes has exactly one connection, seen from both ends, in any order of their starts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedLab } from '../lab/index.js'
import { closeAll, firstMesh, meshTime } from '../programs/full-mesh.js'
import { Node, NodeProcess } from '../programs/node-client.js'
import { WHOLE } from '../support/long.js'
import { overDrivers } from './drivers.js'

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma']))

overDrivers(['avahi', 'bonjour', 'embedded', 'mdns'], (driver, skip) => {
  // Each start takes a second if the daemon probes for the name.
  const rounds = driver === 'avahi' || WHOLE ? 5 : 1

  test(`three hosts that start one after the other mesh, ${rounds} times out of ${rounds}`, { skip }, async (t) => {
    const times: number[] = []
    for (let round = 1; round <= rounds; round++) {
      const nodes: Node[] = []
      for (const host of shared.hosts) {
        nodes.push(await Node.start(host, { name: `turns-${driver}`, driver }))
      }
      await firstMesh(nodes)
      times.push(meshTime(nodes))
      await closeAll(nodes)
    }
    t.diagnostic(`the last is in the mesh after ${times.join(', ')} ms`)
  })

  test(`three hosts that start at the same instant mesh, ${rounds} times out of ${rounds}`, { skip }, async (t) => {
    const times: number[] = []
    for (let round = 1; round <= rounds; round++) {
      const settings = { name: `same-${driver}`, driver }
      const nodes = await Promise.all(shared.hosts.map((host) => Node.prepare(host, settings)))
      await Promise.all(nodes.map((node) => node.listen()))
      await firstMesh(nodes)
      times.push(meshTime(nodes))
      await closeAll(nodes)
    }
    t.diagnostic(`all nodes are in the mesh after ${times.join(', ')} ms`)
  })

  test('ten services in one process have 45 pairs and 90 events, none of them twice', { skip }, async (t) => {
    const [alpha] = shared.hosts
    const { nodes } = await NodeProcess.start(alpha, { name: `ten-${driver}`, driver, services: 10 })
    await Promise.all(nodes.map((node) => node.listen()))
    await firstMesh(nodes)
    assert.equal(nodes.flatMap((node) => node.ledger.all('connection')).length, 90)
    t.diagnostic(`45 pairs after ${meshTime(nodes)} ms`)
    await closeAll(nodes)
  })
})
