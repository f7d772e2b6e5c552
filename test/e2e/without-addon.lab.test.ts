// Hosts without the native addon: they mesh with the interfaces that Node lists, even if addresses need a scope.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { type Host, labTest, until } from '../lab/index.js'
import { closeAll, firstMesh } from '../programs/full-mesh.js'
import { type Node, NodeProcess } from '../programs/node-client.js'
import { WHOLE } from '../support/long.js'

/** Has node-gyp-build look for the addon in a folder that has none, instead of the package. */
const WITHOUT = { TCPNET_PREBUILD: fileURLToPath(new URL('.', import.meta.url)) }

/** Starts a node, and checks that it takes the driver embedded, even if the host has an avahi-daemon. */
async function start(host: Host, env: NodeJS.ProcessEnv): Promise<Node> {
  const [node] = (await NodeProcess.start(host, { name: 'addonless', driver: 'auto' }, undefined, env)).nodes
  assert.ok(node !== undefined)
  await node.listen()
  await until(async () => (await node.driver()) !== null, 'no driver is decided on')
  return node
}

for (const [what, addresses] of [
  ['only link-local addresses', { ipv4: false, ipv6: 'link-local' }],
  ['IPv4 alone', { ipv6: false }]
] as const) {
  if (addresses.ipv6 === false && !WHOLE) continue
  labTest(
    `hosts without the addon, one of them beside a daemon, mesh with one that has both over ${what}`,
    async (lab) => {
      const [bare, beside, equipped] = await Promise.all([
        lab.host('bare', { avahi: false, ...addresses }),
        lab.host('beside', addresses),
        lab.host('equipped', addresses)
      ])
      const nodes = [await start(bare, WITHOUT), await start(beside, WITHOUT), await start(equipped, {})]
      assert.deepEqual(await Promise.all(nodes.map((node) => node.driver())), ['embedded', 'embedded', 'avahi'])
      await firstMesh(nodes)
      await closeAll(nodes)
    }
  )
}
