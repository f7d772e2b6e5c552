// The messages on the diagnostics channel tcpnet:change.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, it } from 'node:test'
import type { StateChange } from '#tcpnet/index.js'
import { Cluster, closed, connection } from '../support/cluster.js'
import { until } from '../support/wait.js'

const cluster = new Cluster()
afterEach(() => cluster.close())

it('every change of state is published, starts at the state before, and ends with the peer forgotten', async () => {
  const changes: StateChange[] = []
  const onChange = (message: unknown) => void changes.push(message as StateChange)
  subscribe('tcpnet:change', onChange)
  try {
    const [a, b] = [await cluster.member(), await cluster.member()]
    await connection(a, b)
    await closed(b)
    await until(() => a.peers.size === 0, 'the peer is not forgotten')
    await closed(a)
    const of = (peer: string | null) => changes.filter((change) => change.service === a.uuid && change.peer === peer)
    for (const change of changes) {
      assert.deepEqual(Object.keys(change).sort(), ['from', 'name', 'peer', 'reason', 'service', 'to'])
      assert.equal(change.name, cluster.name)
      assert.notEqual(change.reason, '')
    }
    assert.deepEqual(
      of(null).map(({ from, to }) => [from, to]),
      [
        ['new', 'opening'],
        ['opening', 'listening'],
        ['listening', 'closing'],
        ['closing', 'closed']
      ]
    )
    const peer = of(b.uuid)
    assert.ok(peer.some(({ to }) => to === 'connected'))
    assert.equal(peer.at(0)?.from, 'gone')
    assert.equal(peer.at(-1)?.to, 'gone')
    for (const [i, { from, to }] of peer.entries()) {
      assert.notEqual(from, to)
      if (i > 0) assert.equal(from, peer[i - 1]?.to)
    }
  } finally {
    unsubscribe('tcpnet:change', onChange)
  }
})
