// Hosts that have only link-local IPv6 addresses, as without any configuration.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedLab } from '../lab/index.js'
import { closeAll, firstMesh, meshTime } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { inWhole, overDrivers } from './drivers.js'

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma'], { ipv4: false, ipv6: 'link-local' }))

overDrivers(['avahi', 'bonjour', 'embedded', ...inWhole('mdns')], (driver, skip) => {
  test('hosts with only link-local addresses mesh', { skip }, async (t) => {
    const nodes = await Promise.all(shared.hosts.map((host) => Node.start(host, { name: 'local', driver })))
    await firstMesh(nodes)
    t.diagnostic(`all nodes are in the mesh after ${meshTime(nodes)} ms`)
    for (const node of nodes) {
      const { addresses } = node.listening
      assert.deepEqual([...addresses].sort(), ['127.0.0.1', '::1', node.host.ipv6LinkLocal].sort())
    }
    await closeAll(nodes)
  })

  test('a service on one link-local address meshes', { skip }, async () => {
    const start = (address: string | undefined, i: number) =>
      Node.start(shared.hosts[i] ?? assert.fail(), { name: 'one-local', driver, address })
    const [alpha, beta] = shared.hosts
    const nodes = await Promise.all([alpha.ipv6LinkLocal, `${beta.ipv6LinkLocal}%eth0`, undefined].map(start))
    await firstMesh(nodes)
    assert.deepEqual(nodes[0]?.listening.addresses, [alpha.ipv6LinkLocal])
    await closeAll(nodes)
  })
})
