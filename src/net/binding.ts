import { createServer, isIP, type ListenOptions, type Server } from 'node:net'
import { trace } from '../trace.js'
import { canonical, familyOf, interfaceOf, isLinkLocal, isWildcard, localAddresses, splitScope } from './addresses.js'
import { scopeOf } from './interfaces.js'

/** A bound server, and what discovery needs to know about it. */
export interface Binding {
  readonly server: Server
  readonly port: number
  /** The address on which the server listens, without scope; null for all addresses. */
  readonly address: string | null
  /** The index of that address's interface; 0 for all addresses, and for a driver without interfaces. */
  readonly interfaceIndex: number
  /** The addresses on which the server listens now, without scope. */
  addresses(): string[]
}

/**
 * How long an IPv6 address of this machine may be unusable while its uniqueness is checked (RFC 4862 §5.4), and how often bind
 * is retried, in milliseconds. A service on a host that has just started listens once the check is done.
 */
const TENTATIVE_MS = 10_000
const TRY_EVERY_MS = 100

type Done = (...result: [error: Error, binding: null] | [error: null, binding: Binding]) => void

/**
 * Binds a server.
 *
 * @param inProcess whether peers are found only inside this process: then "all addresses" means the loopback address, and
 *   interfaces are not looked up
 * @param isWanted called after the lookup of a host name, and before each retry, both of which may take long: if it returns
 *   false, nothing is bound and `done` is not called
 * @param done called once, never from within this call
 */
export function bind(port: number, given: string, inProcess: boolean, isWanted: () => boolean, done: Done): void {
  const address = canonical(given)
  if (isWildcard(address)) {
    if (inProcess) bindOne(port, '127.0.0.1', { inProcess, isWanted }, done)
    else bindAll(port, done)
    return
  }
  if (isIP(address) !== 0) return bindOne(port, address, { inProcess, isWanted }, done)
  // Loaded only now: most services listen on all addresses, or on a numeric one.
  const { lookup } = process.getBuiltinModule('node:dns')
  lookup(address, (error, found) => {
    if (!isWanted()) return
    if (error !== null)
      return done(
        Object.assign(error, { message: `${error.message}: check the address that was given to listen().` }),
        null
      )
    bindOne(port, found, { inProcess, isWanted }, done)
  })
}

/** Binds all addresses, as Node does without a host: both families with one socket; IPv4 alone if that fails. */
function bindAll(port: number, done: Done): void {
  open({ port }, (error, server) => {
    if (server === null) return done(error, null)
    done(null, { server, port: portOf(server), address: null, interfaceIndex: 0, addresses: allAddresses })
  })
}

type How = { readonly inProcess: boolean; readonly isWanted: () => boolean }

function bindOne(port: number, address: string, { inProcess, isWanted }: How, done: Done): void {
  const { bare } = splitScope(address)
  const own = inProcess ? null : interfaceOf(address)
  const interfaceIndex = own?.index ?? 0
  const host = own !== null && isLinkLocal(bare) ? `${bare}%${scopeOf(own)}` : address
  const end = performance.now() + (own !== null && familyOf(bare) === 6 ? TENTATIVE_MS : 0)
  const onOpened = (...[error, server]: Opened): void => {
    if (server !== null)
      return done(null, { server, port: portOf(server), address: bare, interfaceIndex, addresses: () => [bare] })
    if ((error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL' || performance.now() >= end) return done(error, null)
    trace('%s cannot be bound yet, bind is retried', host)
    setTimeout(() => {
      if (isWanted()) open({ port, host }, onOpened)
    }, TRY_EVERY_MS)
  }
  open({ port, host }, onOpened)
}

type Opened = [error: Error, server: null] | [error: null, server: Server]

function open(options: ListenOptions, done: (...result: Opened) => void): void {
  const server = createServer()
  const onError = (error: Error) => done(error, null)
  server.once('error', onError)
  // A worker of node:cluster has its own port, and its own connections.
  server.listen({ ...options, exclusive: true }, () => {
    server.off('error', onError)
    // A failed accept (EMFILE) is temporary: it must not end the service.
    server.on('error', (error) => trace('a connection could not be accepted: %s', error.message))
    done(null, server)
  })
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function allAddresses(): string[] {
  return [...new Set(localAddresses().map((entry) => entry.address))]
}
