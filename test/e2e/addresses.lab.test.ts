// The address that a service listens on decides where it is announced, which nodes find it, and through which
// addresses.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Host, sharedLab } from '../lab/index.js'
import { closeAll, firstMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { inWhole, overDrivers } from './drivers.js'

const CONNECT = `
  const [host, port] = process.argv.slice(1)
  require('node:net').connect({ host, port, timeout: 2000 })
    .on('connect', () => { console.log('connected'); process.exit() })
    .on('timeout', () => { console.log('no answer'); process.exit() })
    .on('error', (err) => console.log(err.code))`

/** Resolves with 'connected', 'no answer' or the error code. */
async function connect(from: Host, host: string, port: number): Promise<string> {
  return await from.exec([process.execPath, '-e', CONNECT, host, String(port)])
}

/** The addresses at the node's own end of its connections, each once. */
function ownEnds(node: Node): string[] {
  const ends = [...node.ledger.open.values()].map(({ local }) => local.slice(0, local.lastIndexOf(':')))
  return [...new Set(ends)].sort()
}

/** Fails if a node knows these others: it has no connection to them, and has not seen them. */
async function knowsNothingOf(node: Node, others: readonly Node[]): Promise<void> {
  const known = new Set((await node.peers()).map(({ uuid }) => uuid))
  for (const other of others) assert.ok(!known.has(other.uuid), `${node.host.name} knows a node that listens elsewhere`)
}

/** alpha is on both networks, beta only on lan, gamma only on office. */
const shared = sharedLab((lab) =>
  Promise.all([
    lab.host('alpha', { lans: ['lan', 'office'] }),
    lab.host('beta', { lans: ['lan'] }),
    lab.host('gamma', { lans: ['office'] })
  ])
)

overDrivers(['avahi', 'bonjour', 'embedded', ...inWhole('mdns')], (driver, skip) => {
  test('services on 0.0.0.0 and :: listen on every address, and list them', { skip }, async () => {
    const [alpha, beta] = shared.hosts
    const nodes = await Promise.all([
      Node.start(alpha, { name: 'all', driver, address: '0.0.0.0' }),
      Node.start(beta, { name: 'all', driver, address: '::' })
    ])
    await firstMesh(nodes)
    for (const { host, listening } of nodes) {
      const expected = ['127.0.0.1', '::1', ...host.addresses]
      assert.deepEqual([...listening.addresses].sort(), expected.sort())
      for (const address of expected) {
        const scoped = address.startsWith('fe80:') ? `${address}%${scopeOf(host, address)}` : address
        assert.equal(await connect(host, scoped, listening.port), 'connected', address)
      }
    }
    await closeAll(nodes)
  })

  test('a service on a loopback address is found by its own host, only on loopback, and by no other host', {
    skip
  }, async () => {
    const [alpha, beta] = shared.hosts
    const start = (host: Host, address?: string) => Node.start(host, { name: 'loop', driver, address })
    const [everywhere, ...local] = await Promise.all([
      start(alpha),
      ...['127.0.0.1', '::1', 'localhost'].map((address) => start(alpha, address))
    ])
    await firstMesh([everywhere, ...local])
    for (const node of local) {
      assert.deepEqual(
        ownEnds(node).filter((address) => address !== '127.0.0.1' && address !== '::1'),
        []
      )
    }
    // A service that was announced later is found: an earlier one would be found by then.
    const elsewhere = await start(beta)
    await elsewhere.connectedTo([everywhere])
    await knowsNothingOf(elsewhere, local)
    for (const node of local) await knowsNothingOf(node, [elsewhere])
    await closeAll([everywhere, elsewhere, ...local])
  })

  test('a service on one public address is announced only on the interface of the address, and listens only on it', {
    skip
  }, async () => {
    const [alpha, beta, gamma] = shared.hosts
    const start = (host: Host, address?: string) => Node.start(host, { name: 'public', driver, address })
    const [onLan, onBoth, atBeta, atGamma] = await Promise.all([
      start(alpha, alpha.ipv4),
      start(alpha),
      start(beta),
      start(gamma)
    ])
    await onLan.connectedTo([onBoth, atBeta])
    await onBoth.connectedTo([onLan, atBeta, atGamma])
    await atGamma.connectedTo([onBoth])
    await knowsNothingOf(atGamma, [onLan])
    await knowsNothingOf(onLan, [atGamma])
    assert.deepEqual(onLan.listening.addresses, [alpha.ipv4])
    const { port } = onLan.listening
    const office = alpha.interface('eth1').ipv4 ?? assert.fail('alpha is on two networks')
    assert.equal(await connect(beta, alpha.ipv4, port), 'connected')
    assert.equal(await connect(beta, alpha.ipv6, port), 'ECONNREFUSED')
    assert.equal(await connect(gamma, office, port), 'ECONNREFUSED')
    assert.equal(await connect(alpha, '127.0.0.1', port), 'ECONNREFUSED')
    await closeAll([onLan, onBoth, atBeta, atGamma])
  })
})

/** The interface that has an address. */
function scopeOf(host: Host, address: string): string {
  return host.interfaces.find(({ ipv6LinkLocal }) => ipv6LinkLocal === address)?.name ?? assert.fail(address)
}
