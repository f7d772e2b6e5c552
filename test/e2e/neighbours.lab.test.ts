// The driver embedded and other programs on its host that use the port of multicast DNS: a daemon that starts later and
// is killed, one that does not share the port, and many processes at once.
import assert from 'node:assert/strict'
import { labTest, until } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh, fullMesh, meshTime } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { WHOLE } from '../support/long.js'
import { PacketRate } from './packet-rate.js'

/** The numbers of processes on a host of their own, and on the host of the daemon. */
const [MANY, MORE] = WHOLE ? [20, 10] : [4, 3]
/** Milliseconds for a mesh of so many processes, on a machine with few processors. */
const MESH_MS = 120_000
/** The most packets that a process sends in one second, on both families: questions, announcements, answers. */
const PACKETS_EACH = 12
/** A PTR record lives 120 s, and ends sooner if questions of others for it are not answered (RFC 6762 §10.4). */
const FORGOTTEN_MS = 125_000

async function isForgotten(nodes: readonly Node[], uuid: string): Promise<boolean> {
  const known = await Promise.all(nodes.map((node) => node.peers()))
  return known.every((peers) => !peers.some((peer) => peer.uuid === uuid))
}

labTest(
  `${MANY} processes on one host and ${MORE} on another mesh, while the daemon of the other starts and is killed`,
  async (lab, t) => {
    const [alpha, beta] = await lab.hosts(['alpha', 'beta'], { avahi: false })
    const settings = { name: 'crowded', driver: 'embedded' }
    const prepare = (count: number, host = alpha) =>
      Promise.all(Array.from({ length: count }, () => Node.prepare(host, settings)))
    const rate = await PacketRate.of([alpha, beta])
    const many = await prepare(MANY)
    const before = await prepare(Math.floor(MORE / 2), beta)
    await Promise.all([...many, ...before].map((node) => node.listen()))
    await beta.dbus.start()
    await beta.avahi.start()
    const later = await prepare(Math.ceil(MORE / 2), beta)
    await Promise.all(later.map((node) => node.listen()))
    const nodes = [...many, ...before, ...later]
    // With so many processes on few processors a hello may come too late, and its connection is made again.
    await (WHOLE ? fullMesh(nodes, MESH_MS) : firstMesh(nodes, MESH_MS))
    t.diagnostic(`all nodes are in the mesh after ${meshTime(nodes)} ms`)

    // A service of the daemon's, found by all.
    const daemons = await Node.start(beta, { name: 'crowded', driver: 'avahi' })
    await fullMesh([...nodes, daemons], MESH_MS)
    await daemons.close()
    await daemons.process.ended()
    const complaints = beta.avahi.log.split('\n').filter((line) => /conflict|collision|invalid/i.test(line))
    assert.deepEqual(complaints, [])
    const warnings = beta.avahi.log.split('\n').filter((line) => /another .* stack/i.test(line))
    assert.ok(warnings.length <= 2, warnings.join('\n'))

    await beta.avahi.kill()
    const last = await Node.start(beta, settings)
    await fullMesh([...nodes, last], MESH_MS)
    await everybodyTalks([...nodes, last])
    const { most, total } = await rate.stop()
    t.diagnostic(`${total} packets, at most ${most} in a second, of ${nodes.length + 1} processes`)
    assert.ok(most <= PACKETS_EACH * nodes.length, `${most} packets in a second`)

    const { uuid, process } = last
    await process.kill()
    await until(() => nodes.every(({ ledger }) => !ledger.open.has(uuid)), 'a killed process stays connected', 10_000)
    if (WHOLE) {
      const killed = Date.now()
      await until(() => isForgotten(nodes, uuid), 'a killed process is still announced', FORGOTTEN_MS)
      t.diagnostic(`a killed process is forgotten after ${Date.now() - killed} ms`)
    }
    await closeAll(nodes)
  }
)

labTest('a daemon that does not share the port causes one error that says what to do', async (lab) => {
  const [alpha] = await lab.hosts(['alpha'], { avahi: { server: { 'disallow-other-stacks': true } } })
  const node = await Node.prepare(alpha, { name: 'shut-out', driver: 'embedded' })
  await node.ask({ ask: 'listen' })
  const { code, message } = await node.event('error', 'no error')
  assert.equal(code, 'ERR_TCPNET_MDNS_PORT', message)
  assert.match(message, /disallow-other-stacks=no/)
  await node.process.ended()
})
