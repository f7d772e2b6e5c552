// A pair forms if only one of the two can dial, or only one of them sees the other.
import { type TestContext, test } from 'node:test'
import { type HostDrop, sharedLab } from '../lab/index.js'
import { closeAll, firstMesh, fullMesh, meshTime } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { inWhole, overDrivers } from './drivers.js'

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma']))

/** The uuids of three nodes, the last of them behind a filter: of two dials the higher uuid's wins. */
const RANKS = { lowest: ['B2', 'C3', 'A1'], middle: ['A1', 'C3', 'B2'], highest: ['A1', 'B2', 'C3'] } as const
const NOT_DIALED: HostDrop = { direction: 'in', tcpSyn: true }
const NOT_SEEN: HostDrop = { direction: 'out', udpPort: 5353 }

async function filterGamma(t: TestContext, drop: HostDrop): Promise<void> {
  const [, , gamma] = shared.hosts
  await gamma.drop(drop)
  t.after(() => gamma.clearFilters())
}

overDrivers(['avahi', ...inWhole('bonjour', 'embedded', 'mdns')], (driver, skip) => {
  for (const [rank, uuids] of Object.entries(RANKS)) {
    test(`a host that can see but cannot be dialed meshes; its uuid is the ${rank}`, { skip }, async (t) => {
      await filterGamma(t, NOT_DIALED)
      const settings = { name: `undial-${rank}`, driver }
      const nodes = await Promise.all(shared.hosts.map((host, i) => Node.start(host, { ...settings, uuid: uuids[i] })))
      await firstMesh(nodes)
      t.diagnostic(`all nodes are in the mesh after ${meshTime(nodes)} ms`)
      await closeAll(nodes)
    })
  }

  test('a host whose announcements do not get out meshes with nodes that start later', { skip }, async (t) => {
    const [alpha, beta, gamma] = shared.hosts
    await filterGamma(t, NOT_SEEN)
    const settings = { name: 'unseen', driver }
    const unseen = await Node.start(gamma, settings)
    const others = await Promise.all([alpha, beta].map((host) => Node.start(host, settings)))
    await firstMesh([unseen, ...others])
    await closeAll([unseen, ...others])
  })

  test('a host whose announcements do not get out meshes with nodes that its daemon saw before', {
    skip
  }, async (t) => {
    const [alpha, beta, gamma] = shared.hosts
    await filterGamma(t, NOT_SEEN)
    const settings = { name: 'heard', driver }
    const others = await Promise.all([alpha, beta].map((host) => Node.start(host, settings)))
    await firstMesh(others)
    const unseen = await Node.start(gamma, settings)
    await fullMesh([unseen, ...others])
    await closeAll([unseen, ...others])
  })
})
