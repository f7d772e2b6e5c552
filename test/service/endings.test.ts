// The reason in `peers` for the end of a connection that did not last.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { inspect } from 'node:util'
import type { PeerSocket, Service, StateChange, TcpnetError } from '#tcpnet/index.js'
import { GOOD_CONNECTION_MS } from '#tcpnet/mesh/backoff.js'
import { Failures } from '#tcpnet/mesh/failures.js'
import { DEFAULT_LIMITS } from '#tcpnet/mesh/limits.js'
import { Link } from '#tcpnet/mesh/link.js'
import { Cluster, connection } from '../support/cluster.js'
import { RawPeer } from '../support/raw-peer.js'
import { until } from '../support/wait.js'

const cluster = new Cluster()
afterEach(() => cluster.close())

/** The reason that `peers` of a service gives, as soon as there is one. */
async function reason(service: Service, uuid: string): Promise<string> {
  const error = await until(() => service.peers.get(uuid)?.error ?? null, 'peers gives no reason')
  assert.equal((error as TcpnetError).code, 'ERR_TCPNET_ENDED_EARLY')
  return (
    /^The connection with the peer [0-9A-F]+ ended after [0-9.]+ m?s: (.*?)\. It is made again/.exec(
      error.message
    )?.[1] ?? error.message
  )
}

const CASES: [what: string, end: (socket: PeerSocket) => void, here: string, there: string][] = [
  ['end()', (socket) => socket.end(), 'this side ended it, with end()', 'the peer ended it'],
  ['destroy()', (socket) => socket.destroy(), 'this side destroyed it, with destroy()', 'the peer ended it'],
  [
    'destroy() with an error',
    (socket) => socket.on('error', () => {}).destroy(new Error('on purpose')),
    'it failed on this side (on purpose)',
    'the peer ended it'
  ],
  [
    'a reset',
    (socket) => socket.resetAndDestroy(),
    'this side destroyed it, with destroy()',
    'the peer reset it (ECONNRESET)'
  ]
]

for (const secret of [undefined, Buffer.alloc(32, 7)]) {
  describe(`a connection that ends early${secret === undefined ? '' : ', secured'}`, () => {
    for (const [what, end, here, there] of CASES) {
      // A socket of TLS is not reset by its application.
      if (secret !== undefined && what === 'a reset') continue
      it(`by ${what} leaves in peers which side ended it, also while the next connection is open`, async () => {
        const settings = secret === undefined ? {} : { secret }
        const [a, b] = [await cluster.member(settings), await cluster.member(settings)]
        const [near, far] = await connection(a, b)
        for (const socket of [near, far]) socket.resume()
        end(near)
        assert.deepEqual([await reason(a, b.uuid), await reason(b, a.uuid)], [here, there])
        await until(() => a.connections.length === 1 && a.connections[0] !== near, 'there is no new connection')
        assert.deepEqual([a.peers.get(b.uuid)?.state, await reason(a, b.uuid)], ['connected', here])
      })
    }
  })
}

it('the change of state has the reason, too', async () => {
  const reasons: string[] = []
  const [a, b] = [await cluster.member(), await cluster.member()]
  const onChange = (message: unknown) => {
    const change = message as StateChange
    if (change.service === a.uuid && change.from === 'connected') reasons.push(change.reason)
  }
  subscribe('tcpnet:change', onChange)
  try {
    const [near] = await connection(a, b)
    near.end()
    await until(() => reasons.length > 0, 'no change is published')
    assert.match(reasons[0] ?? '', /^the connection closed after [0-9.]+ m?s: this side ended it, with end\(\)$/)
  } finally {
    unsubscribe('tcpnet:change', onChange)
  }
})

it('a connection that lasted leaves no reason', () => {
  const failures = new Failures(DEFAULT_LIMITS)
  const lost = (stoodMs: number) => failures.lost('A1', stoodMs, 'the peer ended it')
  assert.equal(lost(GOOD_CONNECTION_MS - 10), 'the connection closed after 15.0 s: the peer ended it')
  failures.connected()
  assert.match(failures.error?.message ?? '', /ended after 15.0 s: the peer ended it/)
  lost(GOOD_CONNECTION_MS)
  assert.equal(failures.error, null)
})

it('an earlier failure is not shown any more after a connection that has lasted', (t) => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const link = new Link('A1', { name: 'x', uuid: 'FF', onDue: () => {} })
  const connected = { kind: 'connected', socket: new Socket(), dialer: 'self', seq: 1, boot: '' } as const
  link.enter(connected, 'a test')
  link.lost('the peer ended it')
  link.enter(connected, 'a test')
  const shown = () => [link.toPeer().failures, link.toPeer().error === null]
  assert.deepEqual(shown(), [1, false])
  now += GOOD_CONNECTION_MS
  assert.deepEqual(shown(), [0, true])
})

it('peers become an array in JSON, and their errors have a name, a code and a message', async () => {
  const a = await cluster.member()
  const raw = await RawPeer.announce(cluster.name, 'DEAD')
  try {
    const { socket } = await raw.dial(1)
    socket.destroy()
    const peer = await until(() => {
      const peer = a.peers.get('DEAD')
      return peer !== undefined && peer.error !== null ? peer : null
    }, 'no dial fails')
    const { name, code, message } = peer.error as TcpnetError
    assert.equal(code, 'ERR_TCPNET_HELLO_ENDED')
    assert.deepEqual(JSON.parse(JSON.stringify(peer)), { ...peer, error: { name, code, message } })
    const [only] = JSON.parse(JSON.stringify(a.peers))
    assert.deepEqual([only.uuid, only.error.code], ['DEAD', code])
    assert.ok(a.peers instanceof Map)
    assert.match(inspect(a.peers), /^Map\(1\) \{\n {2}'DEAD' => \{/)
    assert.ok(inspect(a.peers).includes(message))
    assert.ok(!Object.keys(peer).includes('toJSON'))
  } finally {
    await raw.close()
  }
})
