// The host mallory has poisoned the neighbour tables of alpha and beta, as by ARP spoofing: the packets between them go
// to mallory, which forwards, alters, replays, reflects and ends their connections. The test sets the tables itself: it
// assumes that the spoofing succeeds.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Host, type Program, sharedLab, skipWithoutLab } from '../lab/index.js'
import { closeAll } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { Authority } from './certificates.js'
import type { Door, Order, Report } from './forwarder.js'

const FORWARDER = fileURLToPath(new URL('forwarder.js', import.meta.url))
const PORT = 7001
/** Milliseconds for what may have to wait for the next dial. */
const REDIAL_MS = 30_000

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'mallory'], { ipv6: false }))
const authority = new Authority('the cluster')

/** The host in the middle, between two hosts. */
class Middle {
  readonly #program: Program
  #read = 0

  private constructor(program: Program) {
    this.#program = program
  }

  static async enter(alpha: Host, beta: Host, mallory: Host): Promise<Middle> {
    const way = (port: number, from: Host, to: Host): Door => ({
      port,
      from: { host: from.ipv4, port: PORT },
      to: { host: to.ipv4, port: PORT }
    })
    const doors = [way(9001, alpha, beta), way(9002, beta, alpha)]
    await mallory.exec(['sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward'])
    const redirect = doors.map(
      ({ port, from }) => `add rule ip middle in ip saddr ${from.host} tcp dport ${PORT} redirect to :${port}`
    )
    const chain = 'add chain ip middle in { type nat hook prerouting priority -100; }'
    await mallory.exec(['nft', '--file', '-'], { input: `${['add table ip middle', chain, ...redirect].join('\n')}\n` })
    const program = await mallory.run([process.execPath, FORWARDER, JSON.stringify(doors)])
    const middle = new Middle(program)
    await middle.report('listen')
    const [, mac] = (await mallory.exec(['ip', 'link', 'show', 'dev', 'eth0'])).match(/link\/ether (\S+)/) ?? []
    assert.ok(mac !== undefined)
    for (const [one, other] of [
      [alpha, beta],
      [beta, alpha]
    ] as const) {
      await one.exec(['ip', 'neigh', 'replace', other.ipv4, 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent'])
    }
    return middle
  }

  async leave(alpha: Host, beta: Host): Promise<void> {
    await alpha.exec(['ip', 'neigh', 'del', beta.ipv4, 'dev', 'eth0'])
    await beta.exec(['ip', 'neigh', 'del', alpha.ipv4, 'dev', 'eth0'])
    await this.#program.kill()
    assert.equal(this.#program.stderr, '')
  }

  async order(order: Order): Promise<void> {
    this.#read = this.#program.lines.length
    this.#program.write(order)
    await this.report(order)
  }

  /** Resolves when such an action was reported since the last order. */
  async report(did: Report['did']): Promise<void> {
    await this.#program.line(new RegExp(`"did":"${did}"`), `the forwarder did not ${did}`, REDIAL_MS, this.#read)
  }

  get reports(): Report[] {
    return this.#program.lines.map((line) => JSON.parse(line) as Report)
  }

  get sawClearText(): boolean {
    return this.reports.some((report) => report.did === 'see' && report.clear)
  }
}

/** Two nodes that are connected through the host in the middle. */
async function pair(name: string, settings: object): Promise<[Node, Node]> {
  const [alpha, beta] = shared.hosts
  const all = { name, driver: 'avahi', port: PORT, ...settings }
  const nodes = await Promise.all([Node.prepare(alpha, all), Node.prepare(beta, all)])
  for (const node of nodes) started.add(node)
  await Promise.all(nodes.map((node) => node.listen()))
  return nodes
}

const started = new Set<Node>()
// The nodes of a failed test would hold the port of the next test.
afterEach(async () => {
  await Promise.all([...started].map((node) => node.process.program.kill()))
  started.clear()
})

async function connected([one, other]: readonly [Node, Node]): Promise<void> {
  await Promise.all([one.connectedTo([other], REDIAL_MS), other.connectedTo([one], REDIAL_MS)])
}

/** Fails if the nodes have had a connection; then forwards, and waits until they have one. */
async function keptApartUntilForwarded(middle: Middle, nodes: readonly [Node, Node]): Promise<void> {
  for (const node of nodes) assert.equal(node.ledger.all('connection').length, 0)
  await middle.order('forward')
  await connected(nodes)
  await nodes[0].says('at last', nodes[1])
}

/** All texts that the node's application received. */
function texts(node: Node): string[] {
  return node.ledger.all('text').map(({ text }) => text)
}

describe('without security, all attacks succeed, so these tests can fail', { skip: skipWithoutLab }, () => {
  let middle: Middle
  before(async () => {
    if (skipWithoutLab === false) middle = await Middle.enter(...shared.hosts)
  })
  after(async () => {
    const [alpha, beta] = shared.hosts
    await middle?.leave(alpha, beta)
  })

  test('it reads and alters', async () => {
    const nodes = await pair('open-alter', {})
    await connected(nodes)
    assert.ok(middle.sawClearText)
    await middle.order('alter')
    await nodes[0].ask({ ask: 'send', peer: nodes[1].uuid, text: 'pay 100 to beta' })
    const arrived = await nodes[1].event('text', 'nothing arrives')
    assert.equal(arrived.text, 'pay 100 to bet`')
    await closeAll(nodes)
  })

  test('it is accepted as a peer when it repeats the hello of the peer', async () => {
    const nodes = await pair('open-replay', {})
    await connected(nodes)
    await middle.order('replay')
    const second = await Promise.race(
      nodes.map((node) => node.event('connection', 'no second connection', { after: 1, timeoutMs: REDIAL_MS }))
    )
    assert.ok(second)
    await Promise.all(nodes.map((node) => node.process.kill()))
  })
})

for (const [mode, settings] of [
  ['secret', () => ({ secret: 'alpha and beta alone know this' })],
  ['tls', () => ({ tls: authority.issue('member') })]
] as const) {
  describe(`with ${mode}`, { skip: skipWithoutLab }, () => {
    let middle: Middle
    before(async () => {
      if (skipWithoutLab === false) middle = await Middle.enter(...shared.hosts)
    })
    after(async () => {
      const [alpha, beta] = shared.hosts
      await middle?.leave(alpha, beta)
    })

    test('a host that forwards reads nothing, and one that alters bytes ends the connection and changes no byte', async () => {
      const nodes = await pair(`${mode}-alter`, settings())
      const [one, other] = nodes
      await connected(nodes)
      await Promise.all([one.says('hello', other), other.says('hello', one)])
      for (let round = 1; round <= 3; round++) {
        const closes = nodes.map((node) => node.ledger.all('closed').length)
        await middle.order('alter')
        await one.ask({ ask: 'send', peer: other.uuid, text: 'altered' })
        await Promise.all(
          nodes.map((node, at) => node.event('closed', 'it goes on', { after: closes[at] ?? 0, timeoutMs: REDIAL_MS }))
        )
        await connected(nodes)
        await Promise.all([one.says(`round ${round}`, other, REDIAL_MS), other.says(`round ${round}`, one, REDIAL_MS)])
      }
      const expected = ['hello', 'round 1', 'round 2', 'round 3']
      assert.deepEqual([texts(one), texts(other)], [expected, expected])
      assert.equal(middle.sawClearText, false)
      assert.ok(middle.reports.some(({ did }) => did === 'take'))
      await closeAll(nodes)
    })

    test('a host that alters the handshake keeps the two apart, and is not accepted as a peer', async () => {
      await middle.order('break')
      const nodes = await pair(`${mode}-break`, settings())
      for (const node of nodes) {
        const { code } = await node.event('rejected', 'the altered handshake is not rejected', { timeoutMs: REDIAL_MS })
        assert.equal(code, 'ERR_TCPNET_TLS')
      }
      await keptApartUntilForwarded(middle, nodes)
      await closeAll(nodes)
    })

    test('a host that repeats the bytes of a dialer is rejected, and the connection stays', async () => {
      const nodes = await pair(`${mode}-replay`, settings())
      const [one, other] = nodes
      await connected(nodes)
      await one.says('hello', other)
      for (let round = 1; round <= 3; round++) {
        const counts = nodes.map((node) => node.ledger.all('rejected').length)
        await middle.order('replay')
        await middle.report('hear')
        const rejections = () => nodes.flatMap((node, at) => node.ledger.all('rejected').slice(counts[at]))
        await Promise.race(
          nodes.map((node, at) => node.event('rejected', 'the replay is not rejected', { after: counts[at] ?? 0 }))
        )
        for (const { code } of rejections()) assert.equal(code, 'ERR_TCPNET_TLS')
      }
      await one.says('as before', other)
      for (const node of nodes) {
        assert.deepEqual([node.ledger.all('connection').length, node.ledger.all('closed').length], [1, 0])
      }
      assert.deepEqual(texts(other), ['hello', 'as before'])
      await closeAll(nodes)
    })

    test('a host that reflects a dial does not make the dialer its own peer', async () => {
      await middle.order('reflect')
      const nodes = await pair(`${mode}-reflect`, settings())
      for (const node of nodes) {
        const { code, uuid } = await node.event('rejected', 'the reflection is not rejected', { timeoutMs: REDIAL_MS })
        assert.deepEqual([code, uuid], ['ERR_TCPNET_NOT_ME', node.uuid])
        const error = await node.event('error', 'the dial does not fail', { timeoutMs: REDIAL_MS })
        assert.equal(error.code, 'ERR_TCPNET_REFUSED')
      }
      await keptApartUntilForwarded(middle, nodes)
      await closeAll(nodes)
    })

    test('a host that ends the connection succeeds: it looks like an end by the peer', async () => {
      const nodes = await pair(`${mode}-cut`, settings())
      const [one, other] = nodes
      await connected(nodes)
      await one.says('hello', other)
      await middle.order('cut')
      for (const node of nodes) {
        assert.equal((await node.event('closed', 'it goes on', { timeoutMs: REDIAL_MS })).error, null)
      }
      await connected(nodes)
      await closeAll(nodes)
    })
  })
}
