import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import dns from 'node:dns'
import { once } from 'node:events'
import { connect, Server, Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Service } from '#tcpnet/index.js'
import { Cluster, closed, connection } from '../support/cluster.js'
import { accept, helloTo, knock, over } from '../support/raw-peer.js'
import { next, until, within } from '../support/wait.js'

/** With these limits, a close that waits for no connection ends long before connections are reset. */
const PATIENT = { closeGraceMs: 60_000 }

let cluster = new Cluster()
const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
  const old = cluster
  cluster = new Cluster()
  await old.close()
})

/** Closes a service that has nothing to wait for, and checks that `close` is emitted once, and nothing else. */
async function closesAtOnce(service: Service): Promise<void> {
  let closes = 0
  service.on('close', () => closes++)
  await within(closed(service), 'it does not close')
  assert.equal(closes, 1)
  assert.equal(service.connections.length, 0)
}

describe('close', () => {
  it('may be called before listen', async () => closesAtOnce(cluster.make({}, PATIENT)))

  it('may be called right after listen: nothing is announced, the port is free', async () => {
    const [witness, probe] = [await cluster.member(), await cluster.member()]
    const { port } = probe.address() ?? assert.fail()
    await closed(probe)
    await until(() => witness.peers.size === 0, 'the probe is still there')
    for (let round = 0; round < 20; round++) {
      const service = cluster.make({}, PATIENT)
      service.on('listening', () => assert.fail('it listens after close'))
      service.on('error', (error) => assert.fail(error))
      service.listen(port)
      await closesAtOnce(service)
    }
    assert.equal(witness.peers.size, 0)
  })

  it('may be called from within every event', async () => {
    const other = await cluster.member()
    for (const event of ['listening', 'connection'] as const) {
      const service = cluster.make()
      const ending = next(service, 'close')
      service.once(event, () => service.close())
      service.listen()
      await ending
      await until(() => !other.peers.has(service.uuid), 'it is still there')
    }
  })

  it('may be called by a subscriber to changes: then nothing is connected any more', async () => {
    const [service, other] = [cluster.make(), await cluster.member()]
    let connections = 0
    service.on('connection', () => connections++)
    const onChange = (change: unknown) => {
      const { service: uuid, to } = change as { service: string; to: string }
      if (uuid === service.uuid && to === 'connected') service.close()
    }
    subscribe('tcpnet:change', onChange)
    cleanUps.push(async () => void unsubscribe('tcpnet:change', onChange))
    const ended = next(service, 'close')
    service.listen()
    await ended
    assert.equal(connections, 0)
    await until(() => other.connections.length === 0, 'the other side is still connected')
  })

  it('may be called during the hello of an inbound connection, of which nothing is left', async () => {
    // A silent connection is dropped for a new one at once.
    const service = await cluster.member({}, { silentAfterMs: 0, maxHellosPerAddress: 2 })
    const silent = [await knock(service), await knock(service)]
    service.once('rejected', () => service.close())
    const ended = next(service, 'close')
    const late = await knock(service)
    late.write(helloTo(service))
    await ended
    for (const socket of [...silent, late]) socket.destroy()
  })

  it('may be called while a host name is looked up: nothing is bound after it', async (t) => {
    const bindings = t.mock.method(Server.prototype, 'listen')
    let found: (...found: unknown[]) => void = () => {}
    const lookups = t.mock.method(dns, 'lookup', (_name: string, done: typeof found) => {
      found = done
    })
    const service = cluster.make({}, PATIENT)
    service.listen(0, 'alpha.example')
    await until(() => lookups.mock.callCount() === 1, 'the name is not looked up')
    await closesAtOnce(service)
    found(null, '127.0.0.1', 4)
    await setImmediate()
    assert.equal(bindings.mock.callCount(), 0)
    lookups.mock.restore()
  })

  it('may be called twice: each callback is called once, and close is emitted once', async () => {
    const service = await cluster.member()
    const told: string[] = []
    service.on('close', () => told.push('event'))
    const both = new Promise<void>((resolve) => {
      assert.equal(
        service.close(() => told.push('first')),
        service
      )
      service.close(() => {
        told.push('second')
        resolve()
      })
    })
    await within(both, 'not both are called')
    await new Promise<void>((resolve) => service.close(resolve))
    assert.deepEqual(told, ['event', 'first', 'second'])
  })

  it('throws for a callback that is not a function', () => {
    const service = cluster.make()
    const close = service.close.bind(service) as (callback: unknown) => void
    assert.throws(() => close(5), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
  })

  it('ends a dial that is not answered', async () => {
    const peer = await cluster.rawPeer('AA')
    const service = await cluster.member({}, PATIENT)
    const { socket } = await peer.dial(1)
    const ended = over(socket)
    await closesAtOnce(service)
    await ended
  })

  it('ends a connection with an incomplete hello', async () => {
    const service = await cluster.member({}, PATIENT)
    service.on('rejected', () => assert.fail('the connection was not rejected'))
    const silent = await knock(service)
    const half = await knock(service)
    half.write(helloTo(service).slice(0, 20))
    await until(() => half.bytesWritten > 0, 'the half is not sent')
    const ended = Promise.all([silent, half].map(over))
    await closesAtOnce(service)
    await ended
    for (const socket of [silent, half]) socket.destroy()
  })

  it('ends a connection whose hello waits for its answer', async () => {
    const peer = await cluster.rawPeer('AA')
    const service = await cluster.member({ uuid: 'BB' }, PATIENT)
    await peer.dial(1)
    // The service's own dial wins, and is not answered: the hello of this connection is held.
    const held = [await knock(service), await knock(service)]
    for (const socket of held) socket.write(helloTo(service, { from: 'AA' }))
    // Of two connections the older is dropped: then the other one is held.
    await Promise.race(held.map(over))
    const ended = Promise.all(held.map(over))
    await closesAtOnce(service)
    await ended
    for (const socket of held) socket.destroy()
  })

  it('ends a wait for the next dial', async () => {
    const peer = await cluster.rawPeer('AA')
    const service = await cluster.member({}, PATIENT)
    const { socket } = await peer.dial(1)
    socket.destroy()
    await until(() => service.peers.get('AA')?.state === 'waiting', 'it does not wait')
    await closesAtOnce(service)
  })

  it('ends every connection, after what was written', async () => {
    const [a, b] = [await cluster.member(), await cluster.member()]
    const [near, far] = await connection(a, b)
    const bytes = Buffer.alloc(4_000_000, 'x')
    let received = 0
    far.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    near.write(bytes)
    const ended = next(far, 'end')
    await closed(a)
    await ended
    assert.equal(received, bytes.length)
    assert.equal(near.destroyed, true)
    assert.equal(near.errored, null)
  })

  it('leaves no peers behind', async () => {
    const [a, b] = [await cluster.member(), await cluster.member()]
    const [near] = await connection(a, b)
    const ended = new Promise((resolve) => near.once('close', resolve))
    assert.equal(a.close().peers.get(b.uuid)?.state, 'connected')
    await within(ended, 'the connection does not close')
    assert.equal(a.peers.size, 0)
  })

  it('ends connections that the application does not read', async () => {
    const [a, b] = [await cluster.member({}, PATIENT), await cluster.member()]
    const [near, far] = await connection(a, b)
    far.write('unread')
    await until(() => near.readableLength > 0, 'nothing arrives')
    await within(closed(a), 'it does not close')
  })

  it('destroys connections that do not end in time', async () => {
    const peer = await cluster.rawPeer('AA')
    const service = await cluster.member({}, { closeGraceMs: 300 })
    const { socket: far } = await peer.dial(1)
    const connected = next(service, 'connection')
    accept(far)
    const [near] = (await connected) as [Socket]
    const before = performance.now()
    // The other side never ends the connection: it is half open.
    await closed(service)
    const tookMs = performance.now() - before
    assert.ok(tookMs > 290, `it took ${tookMs} ms`)
    assert.equal(near.destroyed, true)
  })

  for (const security of ['none', 'secret'] as const) {
    it(`resets connections that do not end in time, so that the peer sees that data is missing: ${security}`, async (t) => {
      // Whether the peer's application sees a reset or an end depends on libuv, which may report either.
      const resets = t.mock.method(Socket.prototype, 'resetAndDestroy')
      const settings = security === 'secret' ? { secret: randomBytes(32) } : {}
      const [service, other] = [await cluster.member(settings, { closeGraceMs: 200 }), await cluster.member(settings)]
      const [near, far] = await connection(service, other)
      near.write(Buffer.alloc(32_000_000))
      service.close()
      await next(service, 'close')
      assert.equal(near.destroyed, true)
      assert.equal(resets.mock.callCount(), 1)
      far.resume()
      await next(far, 'close')
    })
  }

  it('withdraws the announcement', async () => {
    const [a, b] = [await cluster.member(), await cluster.member()]
    await connection(a, b)
    await closed(a)
    await until(() => b.peers.size === 0, 'b does not forget a')
    const late = await cluster.member()
    await connection(late, b)
    assert.ok(!late.peers.has(a.uuid))
  })

  it('refuses new connections', async () => {
    const peer = await cluster.rawPeer('AA')
    const service = await cluster.member()
    const { socket: far } = await peer.dial(1)
    const connected = next(service, 'connection')
    accept(far)
    await connected
    const { port } = service.address() ?? assert.fail()
    const ending = closed(service)
    const stranger = connect(port, '127.0.0.1')
    await assert.rejects(within(once(stranger, 'connect'), 'neither a connection nor an error'), {
      code: 'ECONNREFUSED'
    })
    far.end()
    await ending
  })
})
