// The types of the package, as a TypeScript user meets them. Most of it is checked when the tests are compiled: a line below
// `@ts-expect-error` has to be an error, and all others must not be.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import {
  type DriverName,
  type ErrorCode,
  type Peer,
  type PeerSocket,
  type Secret,
  Service,
  type ServiceError,
  type StateChange,
  type TcpnetError,
  tcpnet
} from 'tcpnet'

/** Whether two types are the same, in both directions. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** Compiles where its argument is the type `true`. */
function holds<_Fact extends true>(): void {}

test('settings', () => {
  const driver: DriverName = 'memory'
  const secrets: readonly Secret[] = ['old passphrase', new Uint8Array(32)]
  assert.ok(tcpnet({ name: 'types', driver, secret: secrets, firstLook: false, deadPeerTimeout: 0, maxPeers: 2 }))
  assert.ok(tcpnet({ name: 'types', uuid: undefined, signal: undefined }))
  // @ts-expect-error: a name is needed
  assert.throws(() => tcpnet({}))
  // @ts-expect-error: there is no such setting
  assert.throws(() => tcpnet({ name: 'types', secrets: 'misspelt' }))
  // @ts-expect-error: there is no such driver
  assert.throws(() => tcpnet({ name: 'types', driver: 'mdnsd' }))
  // @ts-expect-error: a variable that is not set must not leave the cluster open
  assert.throws(() => tcpnet({ name: 'types', secret: undefined }))
  // @ts-expect-error: numbers are milliseconds, not text
  assert.throws(() => tcpnet({ name: 'types', deadPeerTimeout: '5s' }))
})

test('a service', () => {
  const service = tcpnet('types', (socket) => holds<Same<typeof socket, PeerSocket>>())
  assert.ok(service instanceof Service)
  holds<Same<typeof service.connections, readonly PeerSocket[]>>()
  holds<Same<typeof service.peers, ReadonlyMap<string, Peer>>>()
  holds<Same<ReturnType<typeof service.address>, { port: number; addresses: string[] } | null>>()
  // Not called: the types alone are of interest.
  const uses = [
    () => service.listen(),
    () => service.listen(() => {}),
    () => service.listen(4711, () => {}),
    () => service.listen(4711, '127.0.0.1', () => {}),
    () => service.listen({ port: 4711, address: '::1' }, () => {}),
    () => service.close(() => {}),
    // @ts-expect-error: it is called address
    () => service.listen({ host: '::1' }),
    // @ts-expect-error: the uuid stays
    () => (service.uuid = 'A'),
    // @ts-expect-error: the array is the service's to change
    () => service.connections.push(),
    // @ts-expect-error: nor are peers made by the application
    () => service.peers.set('A', {})
  ]
  assert.equal(uses.length, 10)
})

test('events', () => {
  const service = tcpnet('types')
  service.on('connection', (socket) => holds<Same<typeof socket, PeerSocket>>())
  service.on('error', (error) => holds<Same<typeof error, ServiceError>>())
  service.on('rejected', (error, info) => {
    holds<Same<typeof error, TcpnetError>>()
    holds<Same<typeof info.uuid, string | undefined>>()
  })
  service.on('offline', (reason) => holds<Same<typeof reason, Error>>())
  service.on('listening', () => {})
  // @ts-expect-error: `listening` has no argument
  service.on('listening', (argument: string) => assert.fail(argument))
  // @ts-expect-error: a connection brings a socket
  service.on('connection', (uuid: string) => assert.fail(uuid))
})

test('a socket, a peer, an error, a change', () => {
  holds<PeerSocket extends Socket ? true : false>()
  holds<Same<PeerSocket['peer']['uuid'], string>>()
  holds<Same<Peer['error'], Error | null>>()
  holds<Same<StateChange['peer'], string | null>>()
  holds<Same<TcpnetError['code'], ErrorCode>>()
  // @ts-expect-error: there is no such code
  const code: ErrorCode = 'ERR_TCPNET_NOTHING'
  // @ts-expect-error: there is no such state
  const state: Peer['state'] = 'lost'
  assert.deepEqual([code, state], ['ERR_TCPNET_NOTHING', 'lost'])
})
