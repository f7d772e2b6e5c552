import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, describe, it } from 'node:test'
import { type PeerSocket, type Service, tcpnet } from '#tcpnet/index.js'
import { encodeAnswer } from '#tcpnet/mesh/hello.js'
import { Cluster, closed, connection } from '../support/cluster.js'
import { accept, helloTo, introduce, knock, over } from '../support/raw-peer.js'
import { next, Tally, until, within } from '../support/wait.js'

let cluster = new Cluster()
afterEach(async () => {
  const old = cluster
  cluster = new Cluster()
  await old.close()
})

describe('a mesh in one process', () => {
  it('of ten services that start at once has 45 pairs: 90 events, none of them twice', async () => {
    const services = Array.from({ length: 10 }, () => cluster.make())
    const events: string[] = []
    for (const service of services) {
      service.on('connection', (socket) => events.push(`${service.uuid} ${socket.peer.uuid}`))
      service.listen()
    }
    for (const [index, a] of services.entries()) {
      for (const b of services.slice(index + 1)) await connection(a, b)
    }
    // When one more service has connected to all and all have closed, every event that was under way has been emitted.
    const late = await cluster.member()
    for (const service of services) await connection(late, service)
    const among = events.filter((event) => !event.includes(late.uuid))
    await cluster.close()
    assert.equal(among.length, 90)
    assert.equal(new Set(among).size, 90)
    assert.equal(events.length, 100)
  })

  it('has services of one name only', async () => {
    const other = new Cluster()
    const stranger = await other.member()
    const [a, b] = [await cluster.member(), await cluster.member()]
    await connection(a, b)
    assert.deepEqual([stranger.peers.size, stranger.connections.length], [0, 0])
    await other.close()
  })

  it('connects services with chosen uuids, whichever uuid is higher and whichever service starts first', async () => {
    for (const [first, second] of [
      ['A', 'B'],
      ['B', 'A'],
      ['0F', 'F'],
      ['F'.repeat(63), '0']
    ] as const) {
      const [a, b] = [await cluster.member({ uuid: first }), await cluster.member({ uuid: second })]
      const [near, far] = await connection(a, b)
      assert.deepEqual([near.peer, far.peer], [{ uuid: second }, { uuid: first }])
      await Promise.all([closed(a), closed(b)])
    }
  })
})

describe('a connection that ends', () => {
  const ways: [string, (socket: PeerSocket) => unknown][] = [
    ['destroyed', (socket) => socket.destroy()],
    ['destroyed with an error', (socket) => socket.destroy(new Error('of the application'))],
    ['ended', (socket) => socket.end()],
    ['reset', (socket) => socket.resetAndDestroy()]
  ]
  for (const [way, end] of ways) {
    for (const higher of [true, false]) {
      it(`is followed by another if it was ${way} by the ${higher ? 'higher' : 'lower'} uuid: close, then connection`, async () => {
        const [a, b] = [await cluster.member({ uuid: 'A' }), await cluster.member({ uuid: 'B' })]
        const ends = await connection(a, b)
        for (const socket of ends) socket.resume()
        const gone = ends.map((socket) => next(socket, 'close'))
        end(ends[higher ? 1 : 0])
        await Promise.all(gone)
        const [near, far] = await connection(a, b)
        assert.ok(!ends.includes(near) && !ends.includes(far))
      })
    }
  }

  it('is followed by another at once if its peer restarted: first the close of the old one', async () => {
    const a = await cluster.member({ uuid: 'A' })
    const story: string[] = []
    a.on('connection', (socket) => {
      const nth = story.push('connection')
      socket.resume().on('close', () => story.push(`close of ${nth}`))
    })
    for (let round = 0; round < 3; round++) {
      const b = await cluster.member({ uuid: 'B' })
      await connection(a, b)
      await closed(b)
      await until(() => a.connections.length === 0, 'the old connection is still there')
    }
    assert.deepEqual(story, ['connection', 'close of 1', 'connection', 'close of 3', 'connection', 'close of 5'])
  })

  it('is followed by another although the application has removed all listeners of its socket', async () => {
    // Services of the `Cluster` have listeners on each socket, which would be removed as well.
    const [a, b] = [1, 2].map(() => tcpnet({ name: cluster.name, driver: 'memory' }).listen()) as [Service, Service]
    let before = await connection(a, b)
    for (let round = 0; round < 2; round++) {
      for (const socket of before) socket.removeAllListeners()
      before[round]?.destroy()
      await until(() => !a.connections.includes(before[0]), 'the close is not noticed')
      const after = await connection(a, b)
      assert.notEqual(after[0], before[0])
      assert.deepEqual([a.connections, b.connections], [[after[0]], [after[1]]])
      before = after
    }
    for (const socket of before) {
      socket.on('close', assert.fail).on('error', assert.fail).on('data', assert.fail)
      socket.removeAllListeners('close').removeAllListeners()
      assert.deepEqual([socket.listenerCount('close'), socket.listenerCount('data')], [1, 0])
      // No listener for errors is left, and the process does not end.
      socket.destroy(new Error('without a listener'))
    }
    await Promise.all([closed(a), closed(b)])
    assert.deepEqual([a.connections, b.connections], [[], []])
  })

  it('stays when its peer is not announced any more, and the peer is forgotten when it closes', async () => {
    const peer = await cluster.rawPeer('AA')
    const service = await cluster.member()
    const { socket: far } = await peer.dial(1)
    const connected = next(service, 'connection')
    accept(far)
    const [near] = (await connected) as [PeerSocket]
    await peer.withdraw()
    await until(() => service.peers.get('AA')?.announced === false, 'the announcement is still there')
    near.resume()
    const echo = new Promise((resolve) => near.once('data', resolve))
    far.write('still here')
    assert.equal(String(await echo), 'still here')
    far.end()
    await until(() => service.peers.size === 0, 'the peer is not forgotten')
  })
})

describe('a peer that dials although it is connected', () => {
  /** A service that has dialed a raw peer and is connected to it. */
  async function connected(): Promise<{ service: Service; near: PeerSocket }> {
    const peer = await cluster.rawPeer('AA')
    const service = await cluster.member({ uuid: 'BB' })
    const { socket } = await peer.dial(1)
    const coming = next(service, 'connection')
    accept(socket, 5)
    const [near] = (await coming) as [PeerSocket]
    return { service, near }
  }

  it('is declined if the dials crossed', async () => {
    const { service, near } = await connected()
    const socket = await knock(service)
    assert.equal(await introduce(socket, helloTo(service, { from: 'AA', seq: 4 })), 'connected')
    await over(socket.end())
    assert.equal(near.destroyed, false)
  })

  for (const [name, change] of [
    ['has lost the connection', { seq: 5 }],
    ['has restarted', { seq: 0, boot: '0'.repeat(16) }]
  ] as const) {
    it(`replaces the old connection if it ${name}`, async () => {
      const { service, near } = await connected()
      const coming = next(service, 'connection')
      const socket = await knock(service)
      assert.equal(await introduce(socket, helloTo(service, { from: 'AA', ...change })), 'ok')
      assert.equal(near.closed, true)
      const [fresh] = (await coming) as [PeerSocket]
      assert.equal(fresh.remotePort, socket.localPort)
      assert.deepEqual([...service.connections], [fresh])
      socket.destroy()
    })
  }

  it('is declined if its hello arrives after that of its next dial', async () => {
    const service = await cluster.member({ uuid: 'BB' })
    const coming = next(service, 'connection')
    const socket = await knock(service)
    assert.equal(await introduce(socket, helloTo(service, { from: 'AA', dial: 2 })), 'ok')
    const [near] = (await coming) as [PeerSocket]
    assert.equal(await introduce(await knock(service), helloTo(service, { from: 'AA', dial: 1 })), 'connected')
    assert.equal(near.destroyed, false)
    const third = await knock(service)
    assert.equal(await introduce(third, helloTo(service, { from: 'AA', dial: 3 })), 'ok')
    assert.equal(near.destroyed, true)
    third.destroy()
  })
})

describe('a dial that fails', () => {
  const answers: [string, string, string][] = [
    ['is refused', encodeAnswer({ status: 'refused', reason: 'not-me' }), 'ERR_TCPNET_REFUSED'],
    ['is answered by another program', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'ERR_TCPNET_HELLO_INVALID'],
    ['is answered with too long a line', 'x'.repeat(5000), 'ERR_TCPNET_HELLO_TOO_LONG'],
    ['is answered in another version', '{"tcpnet":9}\n', 'ERR_TCPNET_VERSION'],
    // An answer without a boot would have the peer's own hellos declined for as long as the connection is open.
    [
      'is answered ok without a boot',
      '{"tcpnet":1,"status":"ok","seq":9007199254740991}\n',
      'ERR_TCPNET_HELLO_INVALID'
    ],
    ['ends in half an answer', '{"tcpnet":1,', 'ERR_TCPNET_HELLO_ENDED']
  ]
  for (const [name, answer, code] of answers) {
    it(`is reported with its peer if it ${name}, closes nothing, and is repeated`, async () => {
      const peer = await cluster.rawPeer('AA')
      const service = cluster.make()
      const errors = new Tally<{ code?: string; peer?: { uuid: string; state: string; failures: number } }>()
      service.on('error', (error) => errors.add(error))
      service.listen()
      for (let dial = 1; dial <= 2; dial++) {
        const { socket } = await peer.dial(dial)
        socket.end(answer)
        const error = (await errors.reach(dial, 'the error is not reported'))[dial - 1]
        assert.equal(error?.code, code)
        assert.equal(error?.peer?.uuid, 'AA')
        assert.equal(error?.peer?.state, 'waiting')
        assert.equal(error?.peer?.failures, dial)
        assert.match(JSON.stringify(error), /"uuid":"AA"/)
      }
      assert.equal(service.listening, true)
      const { socket } = await peer.dial(3)
      const coming = next(service, 'connection')
      accept(socket)
      await coming
      assert.equal(service.peers.get('AA')?.error, null)
    })
  }

  it('is not reported if there is no listener, and nothing crashes', async () => {
    const peer = await cluster.rawPeer('AA')
    const service = await cluster.member()
    const { socket } = await peer.dial(1)
    socket.end('no tcpnet\n')
    await peer.dial(2)
    assert.equal(service.peers.get('AA')?.failures, 1)
    assert.match(service.peers.get('AA')?.error?.message ?? '', /no tcpnet service/)
  })

  it('is not reported at first while a peer that has left is still announced, and is reported after a while', async () => {
    const goodbyeMs = 500
    const peer = await cluster.rawPeer('AA')
    const service = cluster.make({}, { goodbyeMs })
    const errors = new Tally<{ at: number; code: string | undefined; failures: number | undefined }>()
    service.on('error', ({ code, peer }) => errors.add({ at: performance.now(), code, failures: peer?.failures }))
    const connected = next(service, 'connection')
    service.listen()
    const { socket } = await peer.dial(1)
    accept(socket)
    const [ours] = (await connected) as [PeerSocket]
    const lost = once(ours, 'close')
    peer.stopListening()
    socket.end()
    ours.resume()
    await within(lost, 'the connection does not close')
    const lostAt = performance.now()
    await until(() => service.peers.get('AA')?.failures === 2, 'its next dial does not fail')
    assert.match(service.peers.get('AA')?.error?.message ?? '', /ECONNREFUSED/)
    const [told] = await errors.reach(1, 'a dial that fails later is not reported')
    assert.ok(told !== undefined && told.at - lostAt > goodbyeMs - 100, `told ${told?.at} after ${lostAt}`)
    assert.equal(told.code, 'ECONNREFUSED')
    assert.ok((told.failures ?? 0) > 2)
  })

  it('fails if there is no answer in time', async () => {
    const peer = await cluster.rawPeer('AA')
    const service = cluster.make({}, { helloTimeoutMs: 200 })
    const errors = new Tally<Error & { code?: string }>()
    service.on('error', (error) => errors.add(error))
    service.listen()
    const { socket } = await peer.dial(1)
    const [error] = await errors.reach(1, 'the dial does not fail')
    assert.equal(error?.code, 'ERR_TCPNET_DIAL_TIMEOUT')
    assert.match(error?.message ?? '', /did not answer the hello within 200 ms/)
    await over(socket)
  })
})

describe('the number of peers', () => {
  it('is bounded: one more is refused, and is accepted when another has left', async () => {
    const service = await cluster.member({ uuid: 'BB', maxPeers: 2 })
    const sockets = [await knock(service), await knock(service), await knock(service)]
    const [first, second, third] = sockets
    if (first === undefined || second === undefined || third === undefined) assert.fail()
    assert.equal(await introduce(first, helloTo(service, { from: 'A1' })), 'ok')
    assert.equal(await introduce(second, helloTo(service, { from: 'A2' })), 'ok')
    const rejected = next(service, 'rejected')
    assert.equal(await introduce(third, helloTo(service, { from: 'A3' })), 'refused: full')
    const [error, info] = (await rejected) as [{ code: string }, { uuid: string }]
    assert.deepEqual([error.code, info.uuid], ['ERR_TCPNET_FULL', 'A3'])
    first.destroy()
    await until(() => service.peers.size === 1, 'the peer is not forgotten')
    const again = await knock(service)
    assert.equal(await introduce(again, helloTo(service, { from: 'A3' })), 'ok')
    for (const socket of [...sockets, again]) socket.destroy()
  })
})
