// The driver auto: which driver a service takes if the daemon hangs, starts late or stops, and that only one responder
// announces it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Host, labTest, sharedLab, skipWithoutLab, until } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh, fullMesh } from '../programs/full-mesh.js'
import { type Node, NodeProcess } from '../programs/node-client.js'
import { Tap } from '../programs/tap-client.js'
import { WHOLE } from '../support/long.js'

/**
 * From listen() to `listening` without a daemon that answers: 250 ms of waiting for it, and some for a busy machine.
 */
const DECIDED_WITHIN_MS = 2000

const shared = sharedLab(async (lab) => {
  const [alpha, beta] = await lab.hosts(['alpha', 'beta'])
  const [bare, tap] = await lab.hosts(['bare', 'tap'], { avahi: false })
  return { alpha, beta, bare, tap: await Tap.open(tap) }
})

/** Returns when the daemon has replied. */
const GET_STATE = [
  ...['dbus-send', '--system', '--print-reply', '--reply-timeout=30000', '--dest=org.freedesktop.Avahi', '/'],
  'org.freedesktop.Avahi.Server.GetState'
]

/** Services of one process that do not listen yet. They share one connection to the daemon. */
async function servicesOn(host: Host, name: string, services: number): Promise<readonly Node[]> {
  return (await NodeProcess.start(host, { name, driver: 'auto', services })).nodes
}

/** Has a service listen, and checks that it takes this driver. */
async function listens(node: Node | undefined, driver: 'avahi' | 'embedded'): Promise<Node> {
  assert.ok(node !== undefined)
  await node.listen()
  const { at } = await node.event('opening', 'nothing is opened')
  // A connection of a fast peer causes `listening` before the driver is decided.
  await until(async () => (await node.driver()) !== null, 'no driver is decided on')
  assert.equal(await node.driver(), driver)
  const ms = node.listening.at - at
  if (driver === 'embedded') assert.ok(ms < DECIDED_WITHIN_MS, `it listened after ${ms.toFixed()} ms`)
  return node
}

/**
 * Fails unless there is one SRV record on the wire, and no goodbye for a record of the service, as two announcers would
 * cause.
 */
function hasOneAnnouncer({ tap }: { tap: Tap }, { uuid, host }: Node): void {
  const records = tap.of(uuid)
  const places = new Set(records.filter(({ type }) => type === 'SRV').map(({ data }) => data))
  assert.equal(places.size, 1, `${host.name}: ${[...places]}`)
  assert.deepEqual(
    records.filter(({ ttl }) => ttl === 0),
    [],
    `${host.name} said goodbye`
  )
}

test('services that listen while the daemon is frozen are announced by one responder when it thaws', {
  skip: skipWithoutLab
}, async () => {
  const { alpha, beta, tap } = shared.hosts
  const name = 'auto-frozen'
  const [one, two, three] = await servicesOn(alpha, name, 3)
  const [alone, last] = await servicesOn(alpha, name, 2)
  const far = await listens((await servicesOn(beta, name, 1))[0], 'avahi')
  const before = await listens(one, 'avahi')
  await alpha.avahi.freeze()
  // One service whose process has a connection to the daemon, and one whose process has to make it.
  const frozen = await Promise.all([listens(two, 'embedded'), listens(alone, 'embedded')])
  await firstMesh([far, before, ...frozen])
  await alpha.avahi.thaw()
  // What has arrived meanwhile is handled before: a service that starts during that may find that the daemon takes too long.
  await alpha.exec(GET_STATE)
  // Each is opened by its process after the service whose daemon was given up: when it is announced, the session of
  // that service has ended.
  const thawed = await Promise.all([listens(three, 'avahi'), listens(last, 'avahi')])
  const all = [far, before, ...frozen, ...thawed]
  await fullMesh(all)
  for (const node of all) await tap.announced(node.uuid)
  for (const node of all) hasOneAnnouncer(shared.hosts, node)
  for (const { ledger } of all) assert.deepEqual(ledger.all('closed'), [])
  await everybodyTalks(all)
  await closeAll(all)
})

test('a service stays on the driver embedded if a daemon starts after it', { skip: skipWithoutLab }, async () => {
  const { beta, bare, tap } = shared.hosts
  const name = 'auto-late'
  await bare.dbus.start()
  const [one, two] = await servicesOn(bare, name, 2)
  const far = await listens((await servicesOn(beta, name, 1))[0], 'avahi')
  const early = await listens(one, 'embedded')
  await firstMesh([far, early])
  await bare.avahi.start()
  const late = await listens(two, 'avahi')
  const all = [far, early, late]
  await fullMesh(all)
  assert.equal(await early.driver(), 'embedded')
  for (const node of all) await tap.announced(node.uuid)
  for (const node of all) hasOneAnnouncer(shared.hosts, node)
  for (const { ledger } of all) assert.deepEqual(ledger.all('closed'), [])
  // The daemon logs that another responder runs once at its start, and never a conflict.
  assert.doesNotMatch(bare.avahi.log, /conflict|collision/i)
  await closeAll(all)
  await bare.avahi.stop()
  await bare.dbus.stop()
})

labTest('a service stays on the driver avahi if its daemon stops for good', async (lab) => {
  const [alpha, beta] = await lab.hosts(['alpha', 'beta'])
  const name = 'auto-gone'
  const nodes = [await listens((await servicesOn(alpha, name, 1))[0], 'avahi')]
  nodes.push(await listens((await servicesOn(beta, name, 1))[0], 'avahi'))
  const [stays] = nodes
  assert.ok(stays !== undefined)
  await firstMesh(nodes)
  await alpha.avahi.stop()
  await stays.event('offline', 'offline is not reported')
  assert.equal(await stays.driver(), 'avahi')
  // A service that starts now is found by the network only: the older service of its host is not announced.
  nodes.push(await listens((await servicesOn(alpha, name, 1))[0], 'embedded'))
  await fullMesh(nodes)
  for (const { ledger } of nodes) assert.deepEqual(ledger.all('closed'), [])
  if (WHOLE) {
    await alpha.avahi.start()
    await stays.event('online', 'it is not announced again')
    assert.equal(await stays.driver(), 'avahi')
    await fullMesh(nodes)
  }
  await closeAll(nodes)
})
