// How many packets keep connections under watch, and that connections with a live host are kept: with an application that does
// not read, and on a network that loses packets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Host, sharedLab } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { WHOLE } from '../support/long.js'
import { overDrivers } from './drivers.js'

/** For how long packets are counted, in milliseconds. */
const COUNTED_MS = WHOLE ? 60_000 : 15_000
/** The packets of an idle connection: a probe of the dialer's and its answer every two seconds. */
const PER_MINUTE = { least: 45, most: 75 }
/** For how long an application does not read, in milliseconds: several times as long as a silent host would be tolerated. */
const PAUSE_MS = WHOLE ? 30_000 : 12_000
/** For how long packets are lost, in milliseconds. */
const LOSS_MS = WHOLE ? 60_000 : 15_000
const LOSS_PERCENT = 5

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma']))

/** The TCP segments that a host has sent and received. */
async function segments(host: Host): Promise<number> {
  const lines = (await host.exec(['cat', '/proc/net/snmp'])).split('\n').filter((line) => line.startsWith('Tcp:'))
  const [names = [], values = []] = lines.map((line) => line.split(' '))
  const value = (name: string) => Number(values[names.indexOf(name)] ?? assert.fail(`no ${name}`))
  return value('InSegs') + value('OutSegs')
}

/** Two nodes of which the first has dialed the second. */
async function pairOf(name: string, driver: string): Promise<{ dialer: Node; acceptor: Node }> {
  const [one, other] = shared.hosts
  assert.ok(one !== undefined && other !== undefined)
  await other.drop({ tcpSyn: true, direction: 'out', match: 'tcp flags & ack != ack' })
  const [dialer, acceptor] = await Promise.all([one, other].map((host) => Node.start(host, { name, driver })))
  assert.ok(dialer !== undefined && acceptor !== undefined)
  await firstMesh([dialer, acceptor])
  await other.clearFilters()
  return { dialer, acceptor }
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

  for (const reader of ['dialer', 'acceptor', 'neither'] as const) {
    const who = reader === 'neither' ? 'neither end reads' : `the ${reader} does not read`
    test(`a connection is kept while ${who} and data for it waits`, { skip }, async () => {
      const { dialer, acceptor } = await pairOf(`zero-${reader}`, driver)
      const ways = [
        { from: acceptor, to: dialer, isFull: reader !== 'acceptor' },
        { from: dialer, to: acceptor, isFull: reader !== 'dialer' }
      ].filter(({ isFull }) => isFull)
      for (const { from, to } of ways) await to.ask({ ask: 'pause', peer: from.uuid })
      const text = 'x'.repeat(10_000_000)
      for (const { from, to } of ways) await from.ask({ ask: 'send', peer: to.uuid, text })
      await delay(PAUSE_MS)
      assertKept([dialer, acceptor])
      for (const { from, to } of ways) {
        assert.deepEqual(
          to.ledger.all('text').filter((event) => event.text === text),
          [],
          'the data does not wait'
        )
        await to.ask({ ask: 'resume', peer: from.uuid })
      }
      await everybodyTalks([dialer, acceptor], 'afterwards')
      assertKept([dialer, acceptor])
      await closeAll([dialer, acceptor])
    })
  }

  test('no connection is lost where packets are', { skip }, async () => {
    const nodes = await Promise.all(shared.hosts.map((host) => Node.start(host, { name: 'lossy', driver })))
    await firstMesh(nodes)
    const [lossy] = shared.hosts
    await lossy?.drop({ match: 'meta l4proto tcp', lossPercent: LOSS_PERCENT })
    await delay(LOSS_MS)
    await lossy?.clearFilters()
    assertKept(nodes)
    // Two fifths of the timeout, in which every packet is lost.
    await lossy?.cut()
    await delay(2000)
    await lossy?.restore()
    await delay(5000)
    assertKept(nodes)
    await everybodyTalks(nodes, 'afterwards')
    assertKept(nodes)
    await closeAll(nodes)
  })
})
