// Whoever connects to a node's port and is no peer of it is told off once, and nothing else happens.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Program, sharedLab } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh, fullMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { overDrivers } from './drivers.js'

const STRANGER = fileURLToPath(new URL('../programs/stranger.js', import.meta.url))

/** What a stranger says, the code of the `rejected` that follows, and what it gets to read. */
const VISITS = [
  ['nothing', 'ERR_TCPNET_HELLO_TIMEOUT', /^$/],
  ['garbage', 'ERR_TCPNET_HELLO_INVALID', /^$/],
  ['flood', 'ERR_TCPNET_HELLO_TOO_LONG', /^$/],
  ['half a hello', 'ERR_TCPNET_HELLO_ENDED', /^$/],
  ['another name', 'ERR_TCPNET_NAME', /"refused".*"name"/],
  ['another uuid', 'ERR_TCPNET_NOT_ME', /"refused".*"not-me"/],
  ['your uuid', 'ERR_TCPNET_SELF', /"refused".*"self"/],
  ['another version', 'ERR_TCPNET_VERSION', /"refused".*"version"/]
] as const

/** What 100 floods of 10 MB may leave behind, in bytes: nothing, up to what the process takes for its own. */
const HEAP_GROWTH = 2 * 1024 * 1024
const RSS_GROWTH = 32 * 1024 * 1024

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma']))

/** Runs the stranger on gamma, against the node of a cluster. */
async function visit(name: string, node: Node, what: string, count = 1): Promise<Program> {
  const [, , gamma] = shared.hosts
  const { port } = node.listening
  const command = [process.execPath, STRANGER, node.host.ipv4, String(port), what, String(count), node.uuid]
  return await gamma.run(command, { env: { CLUSTER: name } })
}

async function mesh(name: string, driver: string): Promise<Node[]> {
  const [alpha, beta] = shared.hosts
  const nodes = await Promise.all([alpha, beta].map((host) => Node.start(host, { name, driver })))
  await firstMesh(nodes)
  return nodes
}

overDrivers(['avahi', 'mdns'], (driver, skip) => {
  test('strangers are rejected, once each and with a code, and disturb nobody', { skip }, async () => {
    // What is left of the nodes of another test is none of this one's.
    const name = `strangers-${driver}`
    const nodes = await mesh(name, driver)
    const [node, other] = nodes
    assert.ok(node !== undefined && other !== undefined)
    const visits = await Promise.all(VISITS.map(async ([what]) => await visit(name, node, what)))
    await everybodyTalks(nodes, 'meanwhile')
    for (const [i, [what, , answer]] of VISITS.entries()) {
      const said = await visits[i]?.line(/./, `the connection that said ${what} is not closed`, 10_000)
      assert.match(JSON.parse(said ?? '') as string, answer, what)
    }
    await node.until((ledger) => ledger.all('rejected').length >= VISITS.length, 'not everybody was rejected')
    const codes = node.ledger.all('rejected').map(({ code, from }) => [code, from])
    const [, , gamma] = shared.hosts
    assert.deepEqual(codes.sort(), VISITS.map(([, code]) => [code, gamma.ipv4]).sort())
    assert.deepEqual(other.ledger.all('rejected'), [])
    for (const one of nodes) {
      assert.deepEqual(
        [one.ledger.all('error'), one.ledger.all('closed'), one.ledger.all('connection').length],
        [[], [], 1]
      )
    }
    assert.deepEqual(
      (await node.peers()).map(({ uuid }) => uuid),
      [other.uuid]
    )
    await everybodyTalks(nodes, 'afterwards')
    await closeAll(nodes)
  })
})

overDrivers(['avahi'], (driver, skip) => {
  test('memory is flat, however many come', { skip }, async (t) => {
    const nodes = await mesh('many-strangers', driver)
    const [node] = nodes
    assert.ok(node !== undefined)
    const kinds = VISITS.map(([what]) => what).filter((what) => what !== 'nothing')
    const round = async (count: number) => {
      const before = node.ledger.all('rejected').length
      await Promise.all(kinds.map(async (what) => (await visit('many-strangers', node, what, count)).exit))
      const expected = before + kinds.length * count
      await node.until((ledger) => ledger.all('rejected').length === expected, 'not everybody was rejected')
      return await node.stats()
    }
    const warm = await round(50)
    const after = await round(100)
    const [heap, rss] = [after.heapBytes - warm.heapBytes, after.rssBytes - warm.rssBytes]
    t.diagnostic(`${kinds.length * 100} strangers: heap ${heap >> 10} KiB, RSS ${rss >> 10} KiB more`)
    assert.ok(heap < HEAP_GROWTH, `the heap grew by ${heap} bytes`)
    assert.ok(rss < RSS_GROWTH, `RSS grew by ${rss} bytes`)
    await fullMesh(nodes)
    await closeAll(nodes)
  })
})
