// A host's addresses and interfaces change under a running node.
import { type TestContext, test } from 'node:test'
import { sharedLab, until } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh, fullMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { inWhole, overDrivers } from './drivers.js'

/** Dead connections of an old address are detected within 5 s; then the peer is dialed at most every 10 s. */
const HEALED_MS = 30_000

const shared = sharedLab(async (lab) => {
  const [alpha, beta, gamma] = await lab.hosts(['alpha', 'beta', 'gamma'])
  return { alpha, beta, gamma, delta: await lab.host('delta', { lans: ['office'] }) }
})

/** The only interface of alpha: a test replaces it. */
let only = 'eth0'

/** Three nodes on lan, the first of them on alpha. */
async function meshOfThree(settings: { name: string; driver: string }): Promise<[Node, Node, Node]> {
  const { alpha, beta, gamma } = shared.hosts
  const start = (host: typeof alpha) => Node.start(host, settings)
  const nodes = await Promise.all([start(alpha), start(beta), start(gamma)])
  await firstMesh(nodes)
  return nodes
}

/** Waits until all are connected again, and reports how long that took. */
async function healed(t: TestContext, nodes: readonly Node[]): Promise<void> {
  const back = Date.now()
  await fullMesh(nodes, HEALED_MS)
  t.diagnostic(`a full mesh ${Date.now() - back} ms after the interface was back`)
}

overDrivers(['avahi', ...inWhole('bonjour', 'embedded')], (driver, skip) => {
  test('a host that gets another address (DHCP) is connected again, through its new addresses', { skip }, async (t) => {
    const nodes = await meshOfThree({ name: 'dhcp', driver })
    const [mover] = nodes
    const started = Date.now()
    await mover.host.changeAddress(only)
    const hasMoved = () =>
      [...mover.ledger.open.values()].every(({ local }) =>
        mover.host.addresses.includes(local.slice(0, local.lastIndexOf(':')))
      )
    await until(hasMoved, 'there are connections from an address that is gone', HEALED_MS)
    await fullMesh(nodes, HEALED_MS)
    t.diagnostic(`a full mesh ${Date.now() - started} ms after the change`)
    await everybodyTalks(nodes, 'moved')
    await closeAll(nodes)
  })
})

overDrivers(['avahi', ...inWhole('embedded')], (driver, skip) => {
  test('a full mesh forms again after the only interface went down and up', { skip }, async (t) => {
    const nodes = await meshOfThree({ name: 'down-up', driver })
    const [mover, ...others] = nodes
    await mover.host.interfaceDown(only)
    await fullMesh(others)
    await mover.host.interfaceUp(only)
    await healed(t, nodes)
    await everybodyTalks(nodes, 'up again')
    await closeAll(nodes)
  })

  test('a full mesh forms again after the only interface was replaced by another', { skip }, async (t) => {
    const nodes = await meshOfThree({ name: 'gone-back', driver })
    const [mover, ...others] = nodes
    await mover.host.removeInterface(only)
    await fullMesh(others)
    only = (await mover.host.addInterface()).name
    await healed(t, nodes)
    await everybodyTalks(nodes, 'back again')
    await closeAll(nodes)
  })

  test('a host that gets a second interface finds the nodes on its network, too', { skip }, async () => {
    const settings = { name: 'second', driver }
    const { beta, delta } = shared.hosts
    const [inside, outside] = await Promise.all([Node.start(beta, settings), Node.start(delta, settings)])
    const { name } = await beta.addInterface({ lan: 'office' })
    await firstMesh([inside, outside], HEALED_MS)
    await closeAll([inside, outside])
    await beta.removeInterface(name)
  })
})
