// The harness of the benchmark `peers`, with the adapters that need no package.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { inTurns } from '../../bench/peers/attempt.js'
import { PEERS, type Peer } from '../../bench/peers/catalogue.js'
import type { Result } from '../../bench/peers/results.js'
import { joinTogether, Venue } from '../../bench/peers/venue.js'
import { labTest, skipWithoutLab } from '../lab/index.js'

const peers = PEERS.filter(({ id }) => ['floor', 'tcpnet-embedded'].includes(id))
const BROKEN: Peer = { id: 'broken', title: 'broken', adapter: 'missing', daemon: false, kind: 'JavaScript' }
const NOT_FOUND = "Cannot find module 'bench/peers/adapters/missing.js'"
const TIMEOUT_MS = 10_000

labTest('members of a peer join, send, notice a loss and leave', async (lab) => {
  for (const venue of await Venue.shared(lab, peers, 3)) {
    const [first, second, third] = await venue.startAll()
    await venue.assemble(TIMEOUT_MS)
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    const mark = second.mark
    await second.ask('expect', 'expecting', { bytes: 65536 })
    await first.ask('send', 'sent', { bytes: 65536, chunk: 1024 })
    await second.event('received', 'the bytes do not arrive', 5000, mark)
    await third.program.kill()
    await Promise.all([first, second].map((member) => member.settled(1, 5000)))
    await venue.leaveAll()
    assert.equal((await first.program.exit).code, 0)
  }
})

it('a peer that does not start fails in each metric, and the next one is measured', {
  skip: skipWithoutLab
}, async () => {
  const results: Result[] = []
  const plan = { peers: [BROKEN, ...peers], sizes: [], runs: 1, tell: (result: Result) => results.push(result) }
  await inTurns(plan, ['join', 'start'], 2, async ({ peer, members }, tell) => {
    tell({ metric: 'join', peer: peer.id, value: await joinTogether(members, TIMEOUT_MS) })
    if (peer.id === 'floor') throw new Error('no start')
  })
  const told = results.map(({ metric, peer, failed }) => [peer, metric, failed?.split(' imported')[0]])
  assert.deepEqual(told, [
    ['broken', 'join', NOT_FOUND],
    ['broken', 'start', NOT_FOUND],
    ['tcpnet-embedded', 'join', undefined],
    ['floor', 'join', undefined],
    ['floor', 'start', 'no start']
  ])
})
