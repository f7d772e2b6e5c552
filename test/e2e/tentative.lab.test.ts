// A host that has just started: its IPv6 address is tentative for a second or two, until its uniqueness has been
// checked (RFC 4862 §5.4), and cannot be used yet.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Host, sharedLab } from '../lab/index.js'
import { closeAll, firstMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { overDrivers } from './drivers.js'

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta'], { ipv4: false, ipv6: 'link-local' }))

/** Gives a host its address as at the start of a system, with duplicate address detection. */
async function readdress(host: Host): Promise<void> {
  const address = [`${host.ipv6LinkLocal}/64`, 'dev', 'eth0']
  await host.exec(['ip', 'address', 'del', ...address])
  await host.exec(['ip', 'address', 'add', ...address])
  assert.match(await host.exec(['ip', 'address', 'show', 'tentative']), new RegExp(host.ipv6LinkLocal))
}

overDrivers(['avahi'], (driver, skip) => {
  test('a node on such a host joins without an error', { skip }, async () => {
    const [alpha, beta] = shared.hosts
    const old = await Node.start(beta, { name: 'booting', driver })
    await readdress(alpha)
    const nodes = [await Node.start(alpha, { name: 'booting', driver }), old]
    await firstMesh(nodes)
    for (const node of nodes) assert.deepEqual(node.ledger.all('error'), [])
    await closeAll(nodes)
  })

  test('a service on such an address listens as soon as the address can be used', { skip }, async () => {
    const [alpha] = shared.hosts
    await readdress(alpha)
    const node = await Node.start(alpha, { name: 'on-one', driver, address: alpha.ipv6LinkLocal })
    assert.deepEqual(node.listening.addresses, [alpha.ipv6LinkLocal])
    await node.close()
  })
})
