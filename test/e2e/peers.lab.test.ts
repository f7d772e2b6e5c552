// The harness of the benchmark `peers`, with the adapters that need no package.
import assert from 'node:assert/strict'
import { PEERS } from '../../bench/peers/catalogue.js'
import { assemble, leaveAll, Venue } from '../../bench/peers/venue.js'
import { labTest } from '../lab/index.js'

const peers = PEERS.filter(({ id }) => ['floor', 'tcpnet-embedded'].includes(id))

labTest('members of a peer join, send, notice a loss and leave', async (lab) => {
  for (const venue of await Venue.shared(lab, peers, 3)) {
    const members = await venue.startAll()
    await assemble(members, 10_000)
    const [first, second, third] = members
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    const mark = second.mark
    await second.ask('expect', 'expecting', { bytes: 65536 })
    await first.ask('send', 'sent', { bytes: 65536, chunk: 1024 })
    await second.event('received', 'the bytes do not arrive', 5000, mark)
    await third.program.kill()
    await Promise.all([first, second].map((member) => member.settled(1, 5000)))
    await leaveAll([first, second])
    assert.equal((await first.program.exit).code, 0)
  }
})
