// The order of `listening` and `connection` if a peer connects before the announcement is confirmed.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test'
import type { Service } from '#tcpnet/index.js'
import { Cluster, closed } from '../support/cluster.js'
import { helloTo, introduce, knockAt } from '../support/raw-peer.js'
import { next, until } from '../support/wait.js'

let cluster: Cluster
beforeEach(() => {
  cluster = new Cluster()
})
afterEach(() => cluster.close())

/**
 * Lets a service listen on a port over a memory driver that is held back. Resolves when the port is bound, with a
 * function that lets the driver continue.
 */
async function listenUnannounced(t: TestContext, service: Service, port: number): Promise<() => void> {
  const held: (() => void)[] = []
  const { mock } = t.mock.method(globalThis, 'setImmediate', (callback: () => void) => held.push(callback))
  service.listen(port)
  await until(() => held.length === 1, 'the driver is opened')
  return () => {
    mock.restore()
    for (const callback of held) callback()
  }
}

/** What a service emits, in order, with its port if it has an address. */
function storyOf(service: Service): unknown[] {
  const told: unknown[] = []
  const portOf = () => service.address()?.port ?? null
  service.on('listening', () => told.push(['listening', portOf()]))
  service.on('connection', () => told.push(['connection', portOf()]))
  service.on('error', (error) => told.push(['error', error.code]))
  service.on('close', () => told.push(['close']))
  return told
}

/** A service before `listen()`, a free port, and the list of what the service emits. */
async function newService(uuid: string): Promise<{ service: Service; port: number; told: unknown[] }> {
  const probe = await cluster.member()
  const { port } = probe.address() ?? assert.fail()
  await closed(probe)
  const service = cluster.make({ uuid })
  return { service, port, told: storyOf(service) }
}

/** Connects to a service that is not announced yet. */
async function connectEarly(service: Service, port: number): Promise<Socket> {
  const socket = await knockAt(port)
  assert.equal(await introduce(socket, helloTo(service)), 'ok')
  return socket
}

it('listening comes right before a connection that precedes the announcement, and is not repeated after the announcement', async (t) => {
  const { service, port, told } = await newService('BB')
  const announce = await listenUnannounced(t, service, port)
  const socket = await connectEarly(service, port)
  assert.deepEqual(told, [
    ['listening', port],
    ['connection', port]
  ])
  const witness = cluster.make()
  const met = next(witness, 'connection')
  announce()
  witness.listen()
  await met
  assert.equal(told.filter((event) => String(event).startsWith('listening')).length, 1)
  socket.destroy()
})

describe('a wait for listening', () => {
  const ends: [string, (service: Service) => void, RegExp][] = [
    ['close() before listen()', (service) => service.close(), /close\(\) was called/],
    ['close() after listen()', (service) => service.listen().close(), /close\(\) was called/],
    ['an aborted signal', (service) => service.listen({ signal: AbortSignal.abort() }), /signal was aborted/]
  ]
  for (const [name, end, reason] of ends) {
    it(`rejects if the service is closed by ${name}, after its close event`, async () => {
      const service = cluster.make()
      const told: string[] = []
      service.on('error', () => told.push('error')).on('close', () => told.push('close'))
      const rejected = assert.rejects(once(service, 'listening'), (error: NodeJS.ErrnoException) => {
        told.push('rejected')
        assert.equal(error.code, 'ERR_TCPNET_CLOSED')
        assert.match(error.message, reason)
        return true
      })
      const closing = once(service, 'close')
      end(service)
      await Promise.all([rejected, closing])
      assert.deepEqual(told, ['close', 'rejected'])
      assert.equal(service.listenerCount('error'), 1)
    })
  }

  it('rejects with the error of a service that fails', async () => {
    await cluster.member({ uuid: 'BB' })
    const waiting = once(cluster.make({ uuid: 'BB' }).listen(), 'listening')
    await assert.rejects(waiting, { code: 'ERR_TCPNET_UUID_CONFLICT' })
  })

  it('rejects, while a one-time listener for errors is not called if the service closes early', async () => {
    const service = cluster.make()
    service.once('error', (error) => assert.fail(error))
    await closed(service.listen(() => assert.fail('it listens')))
    assert.equal(service.listenerCount('listening'), 0)
    assert.equal(service.listenerCount('error'), 1)
  })
})

it('error and close follow if the announcement fails after listening', async (t) => {
  const { service, port, told } = await newService('BB')
  await cluster.member({ uuid: 'BB' })
  const announce = await listenUnannounced(t, service, port)
  const socket = await connectEarly(service, port)
  const ended = next(service, 'close')
  announce()
  socket.end()
  await ended
  assert.deepEqual(told, [['listening', port], ['connection', port], ['error', 'ERR_TCPNET_UUID_CONFLICT'], ['close']])
  socket.destroy()
})

it('a listener for listening that closes the service is followed by no connection', async (t) => {
  const { service, port, told } = await newService('BB')
  service.once('listening', () => service.close())
  const ended = next(service, 'close')
  await listenUnannounced(t, service, port)
  const socket = await connectEarly(service, port)
  socket.end()
  await ended
  assert.deepEqual(told, [['listening', port], ['close']])
  socket.destroy()
})
