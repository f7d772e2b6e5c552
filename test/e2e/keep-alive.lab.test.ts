// How many packets keep connections under watch, and that connections with a live host are kept: with an application that does
// not read, with processes that are stopped, and on a network that loses packets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Host, sharedLab, until } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import type { PeerReport } from '../programs/protocol.js'
import { WHOLE } from '../support/long.js'
import { overDrivers } from './drivers.js'

/** For how long packets are counted, in milliseconds. */
const COUNTED_MS = WHOLE ? 60_000 : 12_000
/** The packets of an idle connection: a probe of the dialer's and its answer every two seconds. */
const PER_MINUTE = { least: 45, most: 75 }
/** For how long an application does not read, in milliseconds: several times as long as a silent host would be tolerated. */
const PAUSE_MS = WHOLE ? 30_000 : 12_000
/** For how long packets are lost, in milliseconds. */
const LOSS_MS = WHOLE ? 60_000 : 10_000
const LOSS_PERCENT = 5

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma']))

/** The TCP segments that a host has sent and received. */
async function segments(host: Host): Promise<number> {
  const lines = (await host.exec(['cat', '/proc/net/snmp'])).split('\n').filter((line) => line.startsWith('Tcp:'))
  const [names = [], values = []] = lines.map((line) => line.split(' '))
  const value = (name: string) => Number(values[names.indexOf(name)] ?? assert.fail(`no ${name}`))
  return value('InSegs') + value('OutSegs')
}

const TEXT = 'x'.repeat(10_000_000)

/** Two nodes, of which the first has dialed the second, and the ways on which data between them is not read. */
class Pair {
  readonly nodes: readonly Node[]
  readonly #ways: readonly { from: Node; to: Node }[]

  private constructor(dialer: Node, acceptor: Node, ways: 'to the dialer' | 'to the acceptor' | 'both') {
    this.nodes = [dialer, acceptor]
    const both = [
      { from: acceptor, to: dialer },
      { from: dialer, to: acceptor }
    ]
    this.#ways = both.filter(({ to }) => ways === 'both' || ways === `to the ${to === dialer ? 'dialer' : 'acceptor'}`)
  }

  static async start(ways: 'to the dialer' | 'to the acceptor' | 'both', driver: string): Promise<Pair> {
    const hosts = shared.hosts.slice(0, 2)
    await hosts[1]?.drop({ tcpSyn: true, direction: 'out' })
    const name = `w-${ways.replaceAll(' ', '-').slice(-8)}`
    const nodes = await Promise.all(hosts.map((host) => Node.start(host, { name, driver })))
    await firstMesh(nodes)
    await hosts[1]?.clearFilters()
    const [dialer, acceptor] = nodes
    assert.ok(dialer !== undefined && acceptor !== undefined)
    return new Pair(dialer, acceptor, ways)
  }

  /** Sends more than the kernels take, and reads none of it. */
  async fill(): Promise<void> {
    for (const { from, to } of this.#ways) await to.ask({ ask: 'pause', peer: from.uuid })
    for (const { from, to } of this.#ways) await from.ask({ ask: 'send', peer: to.uuid, text: TEXT })
  }

  /** Reads what has waited until now. */
  async read(): Promise<void> {
    for (const { from, to } of this.#ways) {
      assert.ok(!to.ledger.all('text').some(({ text }) => text === TEXT), 'the data did not wait')
      await to.ask({ ask: 'resume', peer: from.uuid })
    }
    for (const { from, to } of this.#ways) await from.says('afterwards', to)
  }
}

function isAnnounced({ announced }: PeerReport): boolean {
  return announced
}

function assertKept(nodes: readonly Node[]): void {
  for (const { ledger, host } of nodes) assert.deepEqual(ledger.all('closed'), [], host.name)
}

overDrivers(['avahi'], (driver, skip) => {
  test('an idle connection has about sixty packets a minute', { skip }, async (t) => {
    const nodes = await Promise.all(shared.hosts.map((host) => Node.start(host, { name: 'idle', driver })))
    await firstMesh(nodes)
    // Segments of the same moment of several hosts, three connections with two ends each.
    const all = async () => (await Promise.all(shared.hosts.map(segments))).reduce((sum, one) => sum + one) / 6
    const before = { packets: await all(), at: performance.now() }
    await delay(COUNTED_MS)
    const [packets, minutes] = [(await all()) - before.packets, (performance.now() - before.at) / 60_000]
    const perMinute = Math.round(packets / minutes)
    t.diagnostic(`${perMinute} packets a minute for each connection`)
    assert.ok(perMinute >= PER_MINUTE.least && perMinute <= PER_MINUTE.most, `${perMinute} packets a minute`)
    assertKept(nodes)
    await closeAll(nodes)
  })

  test('connections are kept while one end does not read, or neither, or both processes are stopped', {
    skip
  }, async () => {
    const stopped = await Promise.all(shared.hosts.map((host) => Node.start(host, { name: 'stopped', driver })))
    await firstMesh(stopped)
    // A process that is stopped while the daemon announces it would fail for that.
    const areAnnounced = async () => (await Promise.all(stopped.map((node) => node.peers()))).flat().every(isAnnounced)
    await until(areAnnounced, 'the nodes are not announced')
    const pairs: Pair[] = []
    for (const ways of ['to the dialer', 'to the acceptor', 'both'] as const) pairs.push(await Pair.start(ways, driver))
    await Promise.all(pairs.map((pair) => pair.fill()))
    await Promise.all(stopped.map(({ process }) => process.program.freeze()))
    await delay(PAUSE_MS)
    await Promise.all(stopped.map(({ process }) => process.program.thaw()))
    for (const pair of pairs) {
      assertKept(pair.nodes)
      await pair.read()
      assertKept(pair.nodes)
      await closeAll(pair.nodes)
    }
    // Longer than the watch takes to close a connection.
    await delay(3000)
    await everybodyTalks(stopped, 'afterwards')
    assertKept(stopped)
    await closeAll(stopped)
  })

  test('no connection is lost where packets are', { skip }, async () => {
    const nodes = await Promise.all(shared.hosts.map((host) => Node.start(host, { name: 'lossy', driver })))
    await firstMesh(nodes)
    const [lossy] = shared.hosts
    await lossy?.drop({ match: 'meta l4proto tcp', lossPercent: LOSS_PERCENT })
    await delay(LOSS_MS)
    await lossy?.clearFilters()
    assertKept(nodes)
    await everybodyTalks(nodes, 'afterwards')
    assertKept(nodes)
    await closeAll(nodes)
  })
})
