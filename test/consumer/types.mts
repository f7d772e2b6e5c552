// The promises of the types to a user: code that must compile, and code that must not. It is compiled, and never run.
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import {
  type DriverName,
  type ErrorCode,
  type ListenOptions,
  type Peer,
  type PeerSocket,
  type RejectInfo,
  type Service,
  type ServiceError,
  type Settings,
  type StateChange,
  TcpnetError,
  type TlsSettings,
  tcpnet
} from 'tcpnet'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** Compiles if the type argument is `true`. */
declare function check<T extends true>(): void
declare const tls: TlsSettings
declare const peer: Peer
declare const change: StateChange

const service = tcpnet('types')

// The function tcpnet().
check<Equal<typeof service, Service>>()
check<Equal<Parameters<typeof tcpnet>[0], string | Settings>>()
tcpnet('types', (socket) => check<Equal<typeof socket, PeerSocket>>())
// @ts-expect-error: a service needs a name
tcpnet()
// @ts-expect-error: settings need a name
tcpnet({})
// @ts-expect-error: a listener takes a socket
tcpnet('types', (socket: string) => socket)

// Settings.
const settings: Settings[] = [
  { name: 'a', uuid: crypto.randomUUID() },
  { name: 'a', uuid: undefined, driver: undefined, signal: undefined, firstLook: undefined, maxPeers: undefined },
  { name: 'a', secret: 'a passphrase' },
  { name: 'a', secret: ['a passphrase', new Uint8Array(32)] },
  { name: 'a', tls: { key: '', cert: '', ca: '' } },
  { name: 'a', driver: 'memory', deadPeerTimeout: 0, signal: AbortSignal.timeout(1) },
  { name: 'a', shouldConnect: ({ uuid, failures }) => uuid !== 'A1' && failures < 5 },
  { name: 'a', shouldConnect: undefined }
]
check<Equal<Settings['driver'], DriverName | undefined>>()
check<'auto' | 'avahi' | 'bonjour' | 'embedded' | 'mdns' | 'memory' extends DriverName ? true : false>()
const wrong: Settings[] = [
  // @ts-expect-error: a misspelt setting
  { name: 'a', secrets: 'a passphrase' },
  // @ts-expect-error: an environment variable may be undefined
  { name: 'a', secret: process.env.SECRET },
  // @ts-expect-error: undefined is not a secret
  { name: 'a', secret: undefined },
  // @ts-expect-error: there is no such driver
  { name: 'a', driver: 'dns' },
  // @ts-expect-error: the decision is synchronous
  { name: 'a', shouldConnect: async () => true },
  // @ts-expect-error: the decision is true or false
  { name: 'a', shouldConnect: ({ error }) => error },
  // @ts-expect-error: names are strings
  { name: 1 }
]

// listen, close, address.
check<Equal<ReturnType<typeof service.address>, { port: number; addresses: string[] } | null>>()
const here: ListenOptions = { port: '4711', address: null, signal: AbortSignal.timeout(1) }
service
  .listen()
  .listen(0)
  .listen('80', null)
  .listen(null, '::', () => {})
  .listen(() => {})
  .listen(here, () => {})
  .close()
  .close(() => {})
// @ts-expect-error: an unknown option
service.listen({ host: '::1' })
// @ts-expect-error: the callback is the last argument
service.listen(() => {}, 0)
// @ts-expect-error: the address may be null
service.address().port
// @ts-expect-error: the options are of TLS
service.setSecureContext('a passphrase')
service.setSecureContext(tls)
const ended: Promise<void> = service[Symbol.asyncDispose]()

// The properties of a service.
check<Equal<typeof service.peers, ReadonlyMap<string, Peer>>>()
check<Equal<typeof service.connections, readonly PeerSocket[]>>()
check<Service extends EventEmitter ? true : false>()
// @ts-expect-error: peers is read-only
service.peers.delete('A1')
// @ts-expect-error: connections is read-only
service.connections.pop()
// @ts-expect-error: uuid is read-only
service.uuid = 'A1'
// @ts-expect-error: the state of a peer is read-only
peer.state = 'connected'
// @ts-expect-error: the addresses of a peer are read-only
peer.addresses.push('10.0.0.1')

/** Fails to compile if a state is left out, or if there is one more. */
function stateOf({ state }: Peer): 0 {
  switch (state) {
    case 'announced':
    case 'dialing':
    case 'connected':
    case 'closing':
    case 'waiting':
    case 'barred':
      return 0
  }
}

// Events.
service.on('connection', (socket) => {
  check<Equal<typeof socket, PeerSocket>>()
  check<Equal<typeof socket.peer.uuid, string>>()
  const plain: Socket = socket
  // @ts-expect-error: the peer of a socket is read-only
  socket.peer.uuid = plain.remoteAddress
})
service.once('error', (error) => {
  check<Equal<typeof error, ServiceError>>()
  check<Equal<typeof error.peer, Peer | undefined>>()
})
service.on('rejected', (error, info) => {
  check<Equal<typeof error, TcpnetError>>()
  check<Equal<typeof info, RejectInfo>>()
  check<Equal<typeof info.uuid, string | undefined>>()
})
service.on('offline', (reason) => check<Equal<typeof reason, Error>>())
service
  .on('listening', () => {})
  .on('online', () => {})
  .on('close', () => {})
// @ts-expect-error: listening has no arguments
service.on('listening', (port: number) => port)
// @ts-expect-error: an error is not a string
service.on('error', (error: string) => error)

// Errors, and changes.
const code: ErrorCode = new TcpnetError('ERR_TCPNET_UNWANTED', 'no').code
// @ts-expect-error: there is no such code
const none: ErrorCode = 'ERR_TCPNET_OTHER'
check<Equal<typeof change.peer, string | null>>()
// @ts-expect-error: a change is read-only
change.to = 'closed'

export { code, ended, none, settings, stateOf, wrong }
