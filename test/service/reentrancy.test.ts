// Subscribers to tcpnet:change that call the service from within a change.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Service, StateChange } from '#tcpnet/index.js'
import { Connections } from '#tcpnet/mesh/connections.js'
import { runProgram } from '../support/child.js'
import { Cluster, closed, connection } from '../support/cluster.js'
import { accept, helloTo, knock, RawPeer } from '../support/raw-peer.js'
import { socketPair } from '../support/sockets.js'
import { next, until } from '../support/wait.js'

const CHANNEL = 'tcpnet:change'

let cluster: Cluster
const cleanUps: (() => unknown)[] = []
beforeEach(() => {
  cluster = new Cluster()
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
  await cluster.close()
})

function onChange(listener: (change: StateChange) => void): void {
  const subscriber = (message: unknown) => listener(message as StateChange)
  subscribe(CHANNEL, subscriber)
  cleanUps.push(() => unsubscribe(CHANNEL, subscriber))
}

/** Closes a service at every change to a state. Returns all changes of the service, as a later subscriber sees them. */
function closeAt(service: Service, isPeers: boolean, state: string): StateChange[] {
  const seen: StateChange[] = []
  onChange((change) => {
    const isMeant = change.service === service.uuid && (change.peer !== null) === isPeers && change.to === state
    if (isMeant) service.close()
  })
  onChange((change) => {
    if (change.service === service.uuid) seen.push(change)
  })
  return seen
}

function eventsOf(service: Service): string[] {
  const told: string[] = []
  for (const event of ['listening', 'connection', 'error', 'close'] as const) service.on(event, () => told.push(event))
  return told
}

/**
 * Each change starts at the state in which the one before ended; the service passes each of its phases once, in order.
 */
function areInOrder(changes: readonly StateChange[]): void {
  for (const peer of new Set(changes.map((change) => change.peer))) {
    const own = changes.filter((change) => change.peer === peer)
    for (const [i, { from }] of own.entries()) if (i > 0) assert.equal(from, own[i - 1]?.to, JSON.stringify(own))
  }
  const phases = changes.filter(({ peer }) => peer === null).map(({ to }) => to)
  assert.deepEqual(phases, [...new Set(phases)])
  assert.deepEqual(phases.slice(-2), ['closing', 'closed'])
}

describe('a subscriber that closes the service at a change of the service', () => {
  for (const state of ['opening', 'listening', 'closing', 'closed']) {
    it(`to ${state}: close comes once, and nothing is left`, async () => {
      const witness = await cluster.member()
      const probe = await cluster.member()
      const { port } = probe.address() ?? assert.fail()
      await closed(probe)
      const service = cluster.make()
      const changes = closeAt(service, false, state)
      const told = eventsOf(service)
      const ended = next(service, 'close')
      service.listen(port, () => service.close())
      await ended
      await until(() => witness.peers.size === 0, 'the witness knows no peer')
      // A second close would come by now.
      const last = await cluster.member()
      await connection(witness, last)
      assert.deepEqual(told, state === 'opening' || state === 'listening' ? ['close'] : ['listening', 'close'])
      areInOrder(changes)
      assert.equal(service.address(), null)
      const stranger = connect(port, '127.0.0.1')
      await assert.rejects(once(stranger, 'connect'), { code: 'ECONNREFUSED' })
    })
  }
})

describe("a subscriber that closes the service at a peer's change", () => {
  /** An announced peer that accepts the first dial of a service. */
  async function connectedPeer(service: Service): Promise<RawPeer> {
    const peer = await RawPeer.announce(cluster.name, 'AA')
    cleanUps.push(() => peer.close())
    peer.dials.once('added', () => {
      const [socket] = peer.dials.items
      if (socket === undefined) return
      accept(socket)
      socket.on('end', () => socket.end()).resume()
    })
    service.listen()
    return peer
  }

  const ways: [string, (service: Service, peer: RawPeer) => unknown][] = [
    ['dialing', () => {}],
    ['connected', () => {}],
    ['waiting', (_service, peer) => peer.dials.items[0]?.destroy()],
    // The service dials again after its delay.
    ['announced', (_service, peer) => peer.dials.items[0]?.destroy()],
    [
      'closing',
      async (service) => {
        const again = await knock(service)
        again.write(helloTo(service, { from: 'AA', seq: 1 }))
        cleanUps.push(() => again.destroy())
      }
    ]
  ]
  for (const [state, provoke] of ways) {
    it(`to ${state}: close comes once, and no peer is dialed after it`, async () => {
      const service = cluster.make({ uuid: 'BB' })
      const changes = closeAt(service, true, state)
      const told = eventsOf(service)
      const ended = next(service, 'close')
      const peer = await connectedPeer(service)
      await until(() => service.connections.length === 1 || told.includes('close'), 'it is connected, or closed')
      if (service.listening) await provoke(service, peer)
      await ended
      areInOrder(changes)
      assert.equal(told.filter((event) => event === 'close').length, 1)
      const closing = changes.findIndex(({ peer, to }) => peer === null && to === 'closing')
      assert.deepEqual(
        changes.slice(closing).filter(({ to }) => to === 'dialing' || to === 'connected'),
        []
      )
      assert.equal(service.peers.size, 0)
    })
  }
})

it('the end is published once if the last close event closes the other connections', async () => {
  const { near, far } = await socketPair()
  let ends = 0
  const connections = new Connections<null>(() =>
    connections.close(
      0,
      () => {},
      () => ends++
    )
  )
  connections.add(near, null)
  far.destroy()
  near.destroy()
  await next(near, 'close')
  await setImmediate()
  assert.equal(ends, 1)
})

it('services that a subscriber makes are meshed, and the subscriber sees every change in order', async () => {
  const made: Service[] = []
  onChange(({ name, to }) => {
    if (name === cluster.name && to === 'opening' && made.length < 3) made.push(cluster.make().listen())
  })
  const seen = new Map<string, StateChange[]>()
  onChange((change) => seen.set(change.service, [...(seen.get(change.service) ?? []), change]))
  const first = cluster.make().listen()
  await until(() => made.length === 3, 'three more are made')
  for (const other of made) await connection(first, other)
  const ends = [first, ...made].map(closed)
  await Promise.all(ends)
  for (const { uuid } of [first, ...made]) areInOrder(seen.get(uuid) ?? [])
})

it('each exception of a subscriber is an uncaught exception, and the mesh goes on', async () => {
  const { code, stdout, stderr } = await runProgram(`
    import { subscribe } from 'node:diagnostics_channel'
    import { tcpnet } from 'tcpnet'
    let thrown = 0
    let changes = 0
    process.on('uncaughtException', (error) => { if (error.message === 'on purpose') thrown++; else throw error })
    subscribe('tcpnet:change', () => { changes++; throw new Error('on purpose') })
    const [a, b] = [tcpnet('throws').listen(), tcpnet('throws').listen()]
    await new Promise((resolve) => a.once('connection', resolve))
    await new Promise((resolve) => a.close(resolve))
    await new Promise((resolve) => b.close(resolve))
    setImmediate(() => console.log(thrown === changes, changes > 8))
  `)
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'true true\n', stderr: '' })
})
