// Beside a daemon of another network namespace, whose bus is mounted: as in containers beside one with avahi-daemon.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Host, sharedLab, until } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh, fullMesh, meshTime } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import type { NodeSettings } from '../programs/protocol.js'
import { type Heard, Tap } from '../programs/tap-client.js'
import { WHOLE } from '../support/long.js'
import { inWhole, overDrivers } from './drivers.js'

/** A daemon that is back is tried again within 10 s, and what it says is told within a few more. */
const HEALED_MS = 30_000
/** How long a goodbye may take that the daemon was told of. */
const WITHDRAWN_MS = 10_000

const shared = sharedLab(async (lab) => {
  const [keeper, own] = await lab.hosts(['keeper', 'own'])
  const [bare, tap] = await lab.hosts(['bare', 'tap'], { avahi: false })
  const [one, two, three] = await lab.hosts(['one', 'two', 'three'], { busOf: keeper })
  return { keeper, own, bare, one, two, three, tap: await Tap.open(tap) }
})

/** Two beside the daemon of `keeper`, one with a daemon of its own, one with none: a mesh. */
async function meshOfFour(
  settings: NodeSettings,
  first: Partial<NodeSettings> = {}
): Promise<[Node, Node, Node, Node]> {
  const { own, bare, one, two } = shared.hosts
  const nodes = await Promise.all([
    Node.start(one, { ...settings, ...first }),
    Node.start(two, settings),
    Node.start(own, settings),
    Node.start(bare, { ...settings, driver: 'embedded' })
  ])
  await firstMesh(nodes)
  return nodes
}

/** What was said last of each record of an instance and of its own host. */
function latest({ uuid }: Node): Heard[] {
  const records = new Map<string, Heard>()
  for (const heard of shared.hosts.tap.of(uuid)) records.set(`${heard.type} ${heard.name} ${heard.data}`, heard)
  return [...records.values()]
}

/** The addresses that were announced last for the instance's own host name, sorted. */
function announcedAddresses(node: Node): string[] {
  const addresses = latest(node).filter(({ type, ttl }) => (type === 'A' || type === 'AAAA') && ttl > 0)
  for (const { name } of addresses) assert.equal(name, `${node.uuid}.local`)
  return addresses.map(({ data }) => JSON.parse(data) as string).sort()
}

/** Where the SRV records lead that were announced for an instance. */
function targets({ uuid }: Node): string[] {
  const records = shared.hosts.tap.of(uuid).filter(({ type }) => type === 'SRV')
  return [...new Set(records.map(({ data }) => (JSON.parse(data) as { target: string }).target))]
}

/** The instance is announced under its own host name, at its host's addresses. */
async function announcedAtOwn(node: Node): Promise<void> {
  const isRight = () => String(announcedAddresses(node)) === String([...node.host.addresses].sort())
  await until(isRight, `${node.host.name} is announced at ${announcedAddresses(node)}`, HEALED_MS)
  await until(() => targets(node).length > 0, `${node.host.name} has no SRV record`, HEALED_MS)
  assert.deepEqual(targets(node), [`${node.uuid}.local`])
}

/** The instance is announced under the daemon's host name, with these records and no others. */
async function announcedAtDaemon(node: Node, host = node.host.name): Promise<void> {
  await until(() => latest(node).length >= 3, 'it is not announced')
  const heard = latest(node).map(({ type, ttl }) => `${type} ${ttl}`)
  assert.deepEqual(heard.sort(), ['PTR 4500', 'SRV 120', 'TXT 4500'])
  assert.deepEqual(targets(node), [`${host}.local`])
}

/** A goodbye was said for every record that was announced. NSEC records need none. */
async function withdrawn(node: Node): Promise<void> {
  const left = () => latest(node).filter(({ type, ttl }) => type !== 'NSEC' && ttl > 0)
  await until(() => left().length === 0, `${node.host.name} is still announced`, WITHDRAWN_MS).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(left())}`)
  })
}

overDrivers(['avahi', ...inWhole('bonjour')], (driver, skip) => {
  for (const firstLook of WHOLE ? [true, false] : [true]) {
    test(`a mesh with one beside its own daemon and one without, first look ${firstLook ? 'on' : 'off'}`, {
      skip
    }, async (t) => {
      const nodes = await meshOfFour({ name: `e-${driver}`, driver, firstLook })
      const [one, two, own] = nodes
      t.diagnostic(`everybody is in the mesh after ${meshTime(nodes)} ms`)
      for (const node of [one, two]) await announcedAtOwn(node)
      // Where the daemon's host is ours, it is as it was: under the daemon's name, whose addresses it announces.
      await announcedAtDaemon(own)
      await closeAll(nodes)
      for (const node of [one, two, own]) await withdrawn(node)
      assert.doesNotMatch(shared.hosts.keeper.avahi.log, /conflict|collision/i)
    })
  }
})

overDrivers(inWhole('avahi', 'bonjour'), (driver, skip) => {
  test('auto takes the daemon', { skip }, async () => {
    const nodes = await meshOfFour({ name: `e-auto-${driver}`, driver: 'auto' })
    assert.deepEqual(await Promise.all(nodes.map((node) => node.driver())), ['avahi', 'avahi', 'avahi', 'embedded'])
    await announcedAtOwn(nodes[0])
    const { three } = shared.hosts
    const onOne = await Node.start(three, { name: `e-auto-${driver}`, driver, address: three.ipv4 })
    await fullMesh([...nodes, onOne])
    await until(() => announcedAddresses(onOne).length > 0, 'no address is announced')
    assert.deepEqual(announcedAddresses(onOne), [three.ipv4])
    await closeAll([...nodes, onOne])
  })

  test('a chosen uuid, and one that is taken', { skip }, async () => {
    const { one, two, own } = shared.hosts
    const settings = { name: `e-uuid-${driver}`, driver }
    const nodes = await meshOfFour(settings, { uuid: 'ab01' })
    await announcedAtOwn(nodes[0])
    const taken = { ...settings, uuid: 'AB01' }
    for (const host of [one, two, own]) await isRefused(host, taken)
    // The daemon alone finds out, whose records for both would differ in their addresses alone.
    await isRefused(two, { ...taken, firstLook: false, port: nodes[0].listening.port })
    await everybodyTalks(nodes, 'undisturbed')
    await closeAll(nodes)
    await withdrawn(nodes[0])
  })
})

overDrivers(inWhole('avahi', 'bonjour'), (driver, skip) => {
  test("what is announced on the daemon's loopback interface is not seen", { skip }, async () => {
    const { keeper, one, two } = shared.hosts
    const settings = { name: `e-lo-${driver}`, driver }
    const hidden = await Node.start(keeper, { ...settings, address: '127.0.0.1' })
    const nodes = [await Node.start(one, settings), await Node.start(two, settings)]
    await firstMesh(nodes)
    // Both see each other by the daemon, to which the other was announced before them.
    const seen = async (node: Node) => (await node.peers()).filter(({ announced }) => announced).map(({ uuid }) => uuid)
    for (const [node, other] of [nodes, nodes.toReversed()]) {
      assert.ok(node !== undefined && other !== undefined)
      await until(async () => (await seen(node)).includes(other.uuid), 'the other one is not seen')
      assert.deepEqual(await seen(node), [other.uuid])
    }
    await closeAll([hidden, ...nodes])
  })

  test('the debug log says once that the daemon is elsewhere', { skip }, async () => {
    const { own, three } = shared.hosts
    const program = fileURLToPath(new URL('../../../examples/containers/member/member.js', import.meta.url))
    const env = { NODE_DEBUG: 'tcpnet', TCPNET_DRIVER: driver }
    const members = await Promise.all([own, three].map((host) => host.run([process.execPath, program], { env })))
    for (const member of members) await member.line(/^met /, 'no peer is met')
    for (const member of members) await member.kill('SIGTERM')
    const said = members.map(({ stderr }) => stderr.match(/runs in another network namespace/g)?.length ?? 0)
    assert.deepEqual(said, [0, 1])
  })
})

async function isRefused(host: Host, settings: NodeSettings): Promise<void> {
  const newcomer = await Node.prepare(host, settings)
  await newcomer.ask({ ask: 'listen' })
  const { code, message } = await newcomer.event('error', 'no error')
  assert.equal(code, 'ERR_TCPNET_UUID_CONFLICT', message)
  await newcomer.event('close', 'no close after the error')
  await newcomer.process.ended()
}

overDrivers(inWhole('avahi', 'bonjour'), (driver, skip) => {
  test('the daemon is killed and comes back: connections stay, a newcomer meshes with all', { skip }, async () => {
    const { keeper, three } = shared.hosts
    const settings = { name: `e-kill-${driver}`, driver }
    const nodes = await meshOfFour(settings)
    const [one, two] = nodes
    await keeper.avahi.kill()
    for (const node of [one, two]) await node.event('offline', 'offline is not told')
    await keeper.avahi.start()
    for (const node of [one, two]) await node.event('online', 'online is not told', { timeoutMs: HEALED_MS })
    for (const { ledger, host } of nodes) assert.deepEqual(ledger.all('closed'), [], host.name)
    const all = [...nodes, await Node.start(three, settings)]
    await fullMesh(all, HEALED_MS)
    await announcedAtOwn(one)
    await closeAll(all)
    for (const node of [one, two]) await withdrawn(node)
  })

  test('the address of one changes: it is announced there, and connected again', { skip }, async () => {
    const nodes = await meshOfFour({ name: `e-move-${driver}`, driver })
    const [mover] = nodes
    const before = mover.host.addresses
    await mover.host.changeAddress()
    assert.notDeepEqual(mover.host.addresses, before)
    const isOld = ({ local }: { local: string }) =>
      !mover.host.addresses.includes(local.slice(0, local.lastIndexOf(':')))
    await until(
      () => ![...mover.ledger.open.values()].some(isOld),
      'connections from an address that is gone',
      HEALED_MS
    )
    await fullMesh(nodes, HEALED_MS)
    await announcedAtOwn(mover)
    await everybodyTalks(nodes, 'moved')
    // The instance itself was never withdrawn.
    assert.ok(shared.hosts.tap.of(mover.uuid).every(({ type, ttl }) => type !== 'SRV' || ttl > 0))
    await closeAll(nodes)
    await withdrawn(mover)
  })

  test('one ends without a word: the others notice, and its records go with its connection to the bus', {
    skip
  }, async () => {
    const nodes = await meshOfFour({ name: `e-end-${driver}`, driver })
    const [gone, ...others] = nodes
    await gone.process.kill()
    for (const node of others) await node.event('closed', 'it is not noticed')
    await fullMesh(others)
    await withdrawn(gone)
    await closeAll(others)
  })

  test('another program here has UDP port 5353, too: found out by the addresses of the daemon', { skip }, async () => {
    const { three } = shared.hosts
    const bound = await three.run([process.execPath, '-e', HOLDER])
    await bound.line(/^bound$/, 'the port is not bound')
    const settings = { name: `e-late-${driver}`, driver: 'avahi' }
    const nodes = await meshOfFour(settings)
    const late = await Node.start(three, settings)
    await fullMesh([...nodes, late], HEALED_MS)
    const isRight = () => String(announcedAddresses(late)) === String([...three.addresses].sort())
    await until(isRight, 'it is announced at addresses that are not its own', HEALED_MS)
    await closeAll([...nodes, late])
    await withdrawn(late)
    await bound.kill()
  })
})

overDrivers(inWhole('avahi'), (driver, skip) => {
  test('a daemon of its own whose host name is another than the machine has: all is as it was', { skip }, async () => {
    const { lab, hosts } = shared
    const renamed = await lab.host('renamed', { avahi: { server: { 'host-name': 'other' } } })
    const nodes = [
      await Node.start(hosts.own, { name: 'e-name', driver }),
      await Node.start(renamed, { name: 'e-name', driver })
    ]
    await firstMesh(nodes)
    for (const node of nodes) await announcedAtDaemon(node, node.host === renamed ? 'other' : 'own')
    // The daemon's answer is there before a service that starts now is announced.
    const last = await Node.start(renamed, { name: 'e-name', driver, uuid: 'A1' })
    await fullMesh([...nodes, last])
    for (const { ledger } of nodes) assert.deepEqual(ledger.all('offline'), [])
    await closeAll([...nodes, last])
  })
})

/** Another responder's socket. */
const HOLDER = `require('node:dgram').createSocket('udp4').bind(5353, () => console.log('bound'))`
