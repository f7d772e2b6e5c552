import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { memory } from '#tcpnet/discovery/drivers/memory.js'
import { type Peer, Service, type Settings, TcpnetError, tcpnet } from '#tcpnet/index.js'
import { Cluster, closed, connection } from '../support/cluster.js'
import { ANNOUNCEMENT } from '../support/fake-session.js'
import { SILENT } from '../support/silent.js'
import { next, until, within } from '../support/wait.js'

let cluster = new Cluster()
afterEach(async () => {
  const old = cluster
  cluster = new Cluster()
  await old.close()
})

const TYPE = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
const VALUE = { name: 'RangeError', code: 'ERR_INVALID_ARG_VALUE' }

describe('a service', () => {
  it('is made of a name, or of settings', () => {
    const service = tcpnet('my-cluster')
    assert.ok(service instanceof Service)
    assert.equal(service.name, 'my-cluster')
    assert.match(service.uuid, /^[0-9A-F]{32}$/)
    assert.equal(tcpnet({ name: 'x', uuid: '0ab' }).uuid, '0AB')
  })

  it('does nothing before it listens', () => {
    const service = cluster.make()
    assert.equal(service.listening, false)
    assert.equal(service.address(), null)
    assert.deepEqual(service.connections, [])
    assert.equal(service.peers.size, 0)
  })

  it('takes a listener for connections', () => {
    const listener = () => {}
    assert.deepEqual(tcpnet('x', listener).listeners('connection'), [listener])
  })

  const wrong: [string, unknown, unknown, object][] = [
    ['no settings', undefined, undefined, TYPE],
    ['a name that cannot be', 'My Cluster', undefined, VALUE],
    ['a uuid that cannot be', { name: 'x', uuid: 'xyz' }, undefined, VALUE],
    ['a listener that is not a function', 'x', 5, TYPE],
    ['a driver that cannot be', { name: 'x', driver: 'pigeons' }, undefined, VALUE]
  ]
  for (const [name, settings, listener, error] of wrong) {
    it(`is not made of ${name}`, () => {
      assert.throws(() => tcpnet(settings as Settings, listener as () => void), error)
    })
  }
})

describe('a service as a resource', () => {
  it('is closed at the end of its block', async () => {
    const service = await cluster.member()
    await service[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
    assert.equal(service.address(), null)
  })

  it('is shown by util.inspect with its state, and without a secret', () => {
    const service = cluster.make({ uuid: 'AB', secret: 'correct horse battery staple' })
    const shown = inspect(service)
    assert.match(shown, /^Service .*uuid: 'AB'.*phase: 'new'.*connections: 0/s)
    assert.doesNotMatch(shown, /horse/)
  })
})

describe('listen', () => {
  // Every form of the arguments is in settings.test.ts.
  const forms: [string, (service: Service, listening: () => void) => Service, string][] = [
    ['()', (service, done) => service.on('listening', done).listen(), '127.0.0.1'],
    ['(port, address, callback)', (service, done) => service.listen(0, '127.0.0.2', done), '127.0.0.2'],
    ['(undefined, "localhost", callback)', (service, done) => service.listen(undefined, 'localhost', done), ''],
    ['({ port, address }, callback)', (service, done) => service.listen({ port: 0, address: '::' }, done), '127.0.0.1']
  ]
  for (const [form, listen, address] of forms) {
    it(`may be called as listen${form}`, async () => {
      const service = cluster.make()
      const listening = new Promise<void>((resolve) => assert.equal(listen(service, resolve), service))
      assert.equal(service.listening, false)
      assert.equal(service.address(), null)
      await within(listening, 'it does not listen')
      assert.equal(service.listening, true)
      const bound = service.address() ?? assert.fail()
      assert.ok(bound.port > 0)
      if (address !== '') assert.deepEqual(bound.addresses, [address])
      else assert.match(bound.addresses.join(), /^(127\.0\.0\.1|::1)$/)
      await closed(service)
      assert.equal(service.address(), null)
      assert.equal(service.listening, false)
    })
  }

  it('binds the port that it is given', async () => {
    const probe = await cluster.member()
    const { port } = probe.address() ?? assert.fail()
    await closed(probe)
    const service = cluster.make()
    service.listen(port)
    await next(service, 'listening')
    assert.equal(service.address()?.port, port)
  })

  it('calls its callback once, as a listener for listening', async () => {
    const service = cluster.make()
    service.listen(() => {})
    assert.equal(service.listenerCount('listening'), 1)
    await next(service, 'listening')
    assert.equal(service.listenerCount('listening'), 0)
  })

  it('throws if it is called twice', async () => {
    const twice = { name: 'TcpnetError', code: 'ERR_TCPNET_LISTEN_TWICE' }
    const service = cluster.make()
    service.listen()
    assert.throws(() => service.listen(), twice)
    await next(service, 'listening')
    assert.throws(() => service.listen(), twice)
    await closed(service)
    assert.throws(() => service.listen(), twice)
    const closing = cluster.make().close()
    assert.throws(() => closing.listen(), twice)
  })

  it('throws for wrong arguments, and can be called again after that', async () => {
    const service = cluster.make()
    assert.throws(() => service.listen(65536), { name: 'RangeError', code: 'ERR_SOCKET_BAD_PORT' })
    assert.throws(() => service.listen(0, ''), VALUE)
    service.listen()
    await next(service, 'listening')
  })

  /** The events of a service between listen and close. */
  async function story(service: Service, port: number, address: string): Promise<unknown[]> {
    const told: unknown[] = []
    service.on('listening', () => told.push('listening'))
    service.on('error', (error) => told.push(error.code, error.peer))
    service.listen(port, address)
    await next(service, 'close')
    return [...told, 'close']
  }

  it('ends in an error and a close if the port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    assert.deepEqual(await story(cluster.make(), port, '127.0.0.1'), ['EADDRINUSE', undefined, 'close'])
    server.close()
  })

  it('ends in an error and a close if the address is not one of this machine', async () => {
    assert.deepEqual(await story(cluster.make(), 0, '192.0.2.1'), ['EADDRNOTAVAIL', undefined, 'close'])
  })

  it('ends in an error and a close if another service has the uuid; the other service is not affected', async () => {
    const [older, witness] = [await cluster.member({ uuid: 'AA' }), await cluster.member()]
    const [socket] = await connection(older, witness)
    const newcomer = cluster.make({ uuid: 'aa' })
    assert.deepEqual(await story(newcomer, 0, '127.0.0.1'), ['ERR_TCPNET_UUID_CONFLICT', undefined, 'close'])
    assert.equal(older.listening, true)
    assert.equal(socket.destroyed, false)
    const third = await cluster.member()
    await connection(older, third)
  })

  it('fails with errors that say what to do next', async () => {
    const [older, newcomer] = [await cluster.member({ uuid: 'AA' }), cluster.make({ uuid: 'AA' })]
    const failing = next(newcomer, 'error')
    newcomer.listen()
    const [error] = await failing
    assert.ok(error instanceof TcpnetError)
    assert.match(error.message, /AA.*give each service its own/)
    assert.equal(older.listening, true)
  })
})

describe('the peers of a service', () => {
  it('are those that are announced or connected, with their known facts', async () => {
    const [a, b] = [await cluster.member(), await cluster.member()]
    await connection(a, b)
    const peer = a.peers.get(b.uuid) ?? assert.fail()
    const { state, announced, host, port, addresses, failures, retryAt, error } = peer
    assert.deepEqual([...a.peers.keys()], [b.uuid])
    assert.deepEqual(
      { state, announced, host, port, addresses, failures, retryAt, error },
      {
        state: 'connected',
        announced: true,
        host: 'localhost',
        port: b.address()?.port,
        addresses: ['127.0.0.1'],
        failures: 0,
        retryAt: null,
        error: null
      }
    )
    assert.throws(() => Object.assign(peer, { state: 'idle' }), TypeError)
  })

  it('have the latest error and the time of the next dial; once() rejects with that error', async () => {
    // A refused dial is reported at once.
    const a = await cluster.member({}, { goodbyeMs: 0 })
    const nobody = createServer().listen(0, '127.0.0.1')
    await next(nobody, 'listening')
    const { port } = nobody.address() as AddressInfo
    await new Promise((resolve) => nobody.close(resolve))
    const leftBehind = memory({ ...ANNOUNCEMENT, name: cluster.name, port }, SILENT)
    await assert.rejects(once(a, 'connection'), (error: Error & { code?: string; peer?: Peer }) => {
      assert.deepEqual([error.code, error.peer?.uuid], ['ECONNREFUSED', ANNOUNCEMENT.uuid])
      return true
    })
    const isWaiting = () => a.peers.get(ANNOUNCEMENT.uuid)?.state === 'waiting'
    await until(isWaiting, 'there is no wait for the next dial')
    const { failures, retryAt, error } = a.peers.get(ANNOUNCEMENT.uuid) ?? assert.fail()
    assert.ok(failures > 0)
    assert.ok(retryAt !== null && Math.abs(retryAt - Date.now()) < 60_000, `${retryAt}`)
    assert.match(error?.message ?? '', /ECONNREFUSED/)
    await leftBehind.close()
  })

  it('are forgotten when they are neither announced nor connected any more', async () => {
    const [a, b] = [await cluster.member(), await cluster.member()]
    const [socket] = await connection(a, b)
    await closed(b)
    await until(() => a.peers.size === 0, 'the peer is not forgotten')
    assert.equal(socket.destroyed, true)
    assert.equal(a.connections.length, 0)
  })
})
