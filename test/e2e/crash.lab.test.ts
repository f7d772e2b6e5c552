// A node that is killed without closing, and restarted. The nodes have no listeners for `error`, not even on sockets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Host, sharedLab } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh, fullMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import type { NodeSettings } from '../programs/protocol.js'
import { inWhole, overDrivers } from './drivers.js'

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma']))

/** Three nodes, the last of which has a chosen uuid. */
async function meshOfThree(settings: NodeSettings): Promise<{ doomed: Node; others: Node[] }> {
  const [alpha, beta, gamma] = shared.hosts
  const start = (host: Host, uuid?: string) => Node.start(host, { ...settings, uuid, errorHandlers: false })
  const [doomed, ...others] = await Promise.all([start(gamma, 'C0FFEE'), start(alpha), start(beta)])
  await firstMesh([doomed, ...others])
  return { doomed, others }
}

/** The sockets of the two other nodes close, once each, and these nodes go on exchanging data. */
async function goOnWithout(doomed: string, others: readonly Node[]): Promise<void> {
  await fullMesh(others)
  await everybodyTalks(others, 'we live on')
  for (const node of others) {
    assert.deepEqual(
      node.ledger.all('closed').map(({ peer }) => peer),
      [doomed]
    )
  }
}

overDrivers(['avahi', 'bonjour', ...inWhole('embedded'), 'mdns'], (driver, skip) => {
  test('after kill -9 sockets close, the other nodes go on, and a restarted node with the same uuid connects again', {
    skip
  }, async () => {
    const settings = { name: 'killed', driver }
    const { doomed, others } = await meshOfThree(settings)
    const { uuid, listening } = doomed
    await doomed.process.kill()
    await goOnWithout(uuid, others)

    const again = await Node.start(doomed.host, { ...settings, uuid, port: listening.port, errorHandlers: false })
    await fullMesh([again, ...others])
    await everybodyTalks([again, ...others], 'again')
    await closeAll([again, ...others])
  })
})

overDrivers(['avahi', ...inWhole('embedded')], (driver, skip) => {
  test('a node that is killed while its packets are lost replaces its old connections when it is restarted', {
    skip
  }, async () => {
    const settings = { name: 'restarted', driver }
    const { doomed, others } = await meshOfThree(settings)
    // The FIN and RST packets for the dead process are lost, so the others keep dead connections.
    await doomed.host.drop({ direction: 'out', match: 'meta l4proto tcp' })
    await doomed.process.kill()
    for (const node of others) assert.deepEqual(node.ledger.all('closed'), [])
    const again = await Node.prepare(doomed.host, { ...settings, uuid: doomed.uuid, errorHandlers: false })
    const listens = again.listen()
    await doomed.host.clearFilters()
    await listens
    await fullMesh([again, ...others])
    await everybodyTalks([again, ...others], 'again')
    await closeAll([again, ...others])
  })

  test('a node that destroys a connection gets another at once', { skip }, async (t) => {
    const { doomed, others } = await meshOfThree({ name: 'destroyed', driver })
    const nodes = [doomed, ...others]
    for (const node of nodes) {
      for (const other of nodes) {
        if (node === other) continue
        const count = node.ledger.all('connection').length
        await node.ask({ ask: 'destroy', peer: other.uuid })
        const { at } = await node.event('closed', 'the destroyed socket does not close', { after: count - 2 })
        const { at: back } = await node.event('connection', 'no connection instead', { after: count })
        t.diagnostic(`a new connection after ${(back - at).toFixed()} ms`)
        await fullMesh(nodes)
      }
    }
    await everybodyTalks(nodes, 'again')
    await closeAll(nodes)
  })
})
