// Nodes that restart, or are replaced by another, while the network still announces the old one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedLab } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh, fullMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { LONG, WHOLE } from '../support/long.js'
import { inWhole, overDrivers } from './drivers.js'

const RESTARTS = LONG ? 100 : WHOLE ? 10 : 4

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma']))

overDrivers(['avahi', ...inWhole('embedded')], (driver, skip) => {
  test('a node takes over the port of a dead one that is still announced', { skip }, async () => {
    const [alpha, beta, gamma] = shared.hosts
    const settings = { name: 'heirs', driver }
    const [dead, ...others] = await Promise.all([gamma, alpha, beta].map((host) => Node.start(host, settings)))
    assert.ok(dead !== undefined)
    await firstMesh([dead, ...others])
    // The daemon's goodbye packets are lost.
    await gamma.drop({ direction: 'out', udpPort: 5353 })
    await dead.process.kill()
    await Promise.all(others.map((node) => node.event('closed', 'the dead node is not noticed')))
    await gamma.clearFilters()
    const heir = await Node.start(gamma, { ...settings, port: dead.listening.port })
    await fullMesh([heir, ...others])
    await everybodyTalks([heir, ...others], 'the successor')
    for (const node of others) {
      const ghost = (await node.peers()).find(({ uuid }) => uuid === dead.uuid)
      assert.ok(ghost === undefined || ghost.state !== 'connected')
    }
    await closeAll([heir, ...others])
  })

  test(`a node with a chosen uuid reconnects when it is killed and restarted ${RESTARTS} times in a row`, {
    skip
  }, async () => {
    const [alpha, beta, gamma] = shared.hosts
    const settings = { name: 'again', driver }
    const others = await Promise.all([alpha, beta].map((host) => Node.start(host, settings)))
    for (let round = 0; round < RESTARTS; round++) {
      const node = await Node.start(gamma, { ...settings, uuid: 'A9A1' })
      await fullMesh([node, ...others])
      await node.process.kill()
    }
    const last = await Node.start(gamma, { ...settings, uuid: 'A9A1' })
    await fullMesh([last, ...others])
    await everybodyTalks([last, ...others])
    await closeAll([last, ...others])
  })
})
