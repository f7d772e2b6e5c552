// A host's addresses and interfaces change under a running node.
import { type TestContext, test } from 'node:test'
import { sharedLab, until } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh, fullMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { inWhole, overDrivers } from './drivers.js'

/** What is left of an old address is noticed within 5 s; then it is dialed, at most 10 s apart. */
const HEALED_MS = 30_000

const shared = sharedLab(async (lab) => {
  const [alpha, beta, gamma] = await lab.hosts(['alpha', 'beta', 'gamma'])
  return { alpha, beta, gamma, delta: await lab.host('delta', { lans: ['office'] }) }
})

/** Three nodes on lan, the first of them on alpha. */
async function meshOfThree(settings: { name: string; driver: string }): Promise<[Node, Node, Node]> {
  const { alpha, beta, gamma } = shared.hosts
  const start = (host: typeof alpha) => Node.start(host, settings)
  const nodes = await Promise.all([start(alpha), start(beta), start(gamma)])
  await firstMesh(nodes)
  return nodes
}

/** All are connected again; tells how long that took from now on. */
async function healed(t: TestContext, nodes: readonly Node[]): Promise<void> {
  const back = Date.now()
  await fullMesh(nodes, HEALED_MS)
  t.diagnostic(`a full mesh ${Date.now() - back} ms after the interface was back`)
}

overDrivers(['avahi', ...inWhole('bonjour', 'embedded')], (driver, skip) => {
  test('another address (DHCP): connected again, through addresses that it has', { skip }, async (t) => {
    const nodes = await meshOfThree({ name: 'dhcp', driver })
    const [mover] = nodes
    const started = Date.now()
    await mover.host.changeAddress()
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
  test('the only interface down and up: a full mesh again', { skip }, async (t) => {
    const nodes = await meshOfThree({ name: 'down-up', driver })
    const [mover, ...others] = nodes
    await mover.host.interfaceDown()
    await fullMesh(others)
    await mover.host.interfaceUp()
    await healed(t, nodes)
    await everybodyTalks(nodes, 'up again')
    await closeAll(nodes)
  })

  test('the only interface gone, and another one in its place: a full mesh again', { skip }, async (t) => {
    const nodes = await meshOfThree({ name: 'gone-back', driver })
    const [mover, ...others] = nodes
    await mover.host.removeInterface('eth0')
    await fullMesh(others)
    await mover.host.addInterface()
    await healed(t, nodes)
    await everybodyTalks(nodes, 'back again')
    await closeAll(nodes)
  })

  test('a second interface: the nodes on its network are found too', { skip }, async () => {
    const settings = { name: 'second', driver }
    const { beta, delta } = shared.hosts
    const [inside, outside] = await Promise.all([Node.start(beta, settings), Node.start(delta, settings)])
    const { name } = await beta.addInterface({ lan: 'office' })
    await firstMesh([inside, outside], HEALED_MS)
    await closeAll([inside, outside])
    await beta.removeInterface(name)
  })
})
