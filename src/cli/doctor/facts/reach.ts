import { connect, type Socket } from 'node:net'
import { TcpnetError } from '../../../errors.js'
import { decodeAnswer, encodeHello } from '../../../mesh/hello.js'
import { isOnLink } from '../../../net/addresses.js'
import { lazySecret } from '../../../security/lazy.js'
import { type Channel, plain, type Security } from '../../../security/security.js'
import { randomHex, randomUuid } from '../../../uuid.js'
import type { FoundAddress, FoundService } from '../../mdns/directory.js'
import type { Reached } from '../machine.js'
import { dialedCode } from './trial.js'

/** Milliseconds for a connection, and for the exchange of a hello. */
const [CONNECT_MS, HELLO_MS] = [1500, 3000]
/** The most services that are dialed. */
const MAX_SERVICES = 64

/**
 * Dials every on-link address of every service of a cluster, and sends one hello to each service, for an unused uuid. A
 * member with our secret refuses it as "not-me", so its application sees no connection, only `rejected`.
 */
export async function reachAll(
  services: readonly FoundService[],
  secret: string | Buffer | undefined
): Promise<Reached[]> {
  const [first] = services
  if (first === undefined) return []
  const uuid = randomUuid()
  const security = secret === undefined ? plain : lazySecret({ secrets: [secret], name: first.cluster, uuid })
  await new Promise<void>((resolve, reject) =>
    security.prepare((error) => (error === null ? resolve() : reject(error)))
  )
  const reached = await Promise.all(services.slice(0, MAX_SERVICES).map((service) => reach(service, security, uuid)))
  security.forget()
  return reached.flat()
}

async function reach(service: FoundService, security: Security, uuid: string): Promise<Reached[]> {
  const addresses = service.addresses.filter((one) => isOnLink(pathOf(one)))
  const results = await Promise.all(
    addresses.map(async (one) => {
      const address = scoped(one)
      return { service, address, connect: await dialedCode(address, service.port, CONNECT_MS), hello: null }
    })
  )
  const open = results.find(({ connect }) => connect === 'ok')
  if (open === undefined || service.security !== security.mode) return results
  const hello = await greet(service, open.address, security, uuid)
  return results.map((one) => (one === open ? { ...one, hello } : one))
}

function pathOf({ address, interfaceIndex }: FoundAddress) {
  return { address, interfaceIndex, family: address.includes(':') ? (6 as const) : (4 as const) }
}

function scoped({ address, interfaceName }: FoundAddress): string {
  return /^fe[89ab]/i.test(address) ? `${address}%${interfaceName}` : address
}

/** Sends a hello. Resolves with the result of the answer. */
async function greet(
  service: FoundService,
  address: string,
  security: Security,
  from: string
): Promise<Reached['hello']> {
  const socket = connect({ host: address, port: service.port })
  socket.on('error', () => {})
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Reached['hello']>((resolve) => {
    timer = setTimeout(resolve, HELLO_MS, {
      code: 'ERR_TCPNET_DIAL_TIMEOUT',
      message: `no answer to the hello within ${HELLO_MS / 1000} s`
    })
  })
  const answered = exchange(socket, service, security, from)
  const result = await Promise.race([answered, late])
  clearTimeout(timer)
  socket.destroy()
  return result
}

async function exchange(
  socket: Socket,
  service: FoundService,
  security: Security,
  from: string
): Promise<Reached['hello']> {
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))
  const secured = await new Promise<Channel | TcpnetError | null>((resolve) =>
    security.client(socket, service.uuid, resolve)
  )
  if (secured === null) return ENDED
  if (secured instanceof TcpnetError) return { code: secured.code, message: secured.message }
  secured.socket.on('error', () => {})
  const hello = {
    name: service.cluster,
    from,
    boot: randomHex(8),
    to: randomUuid(),
    seq: 0,
    dial: null,
    port: null,
    keepalive: null
  }
  secured.send(encodeHello(hello))
  const line = await new Promise<unknown>((resolve) => secured.receive(resolve))
  secured.socket.destroy()
  if (typeof line !== 'string') return line instanceof TcpnetError ? { code: line.code, message: line.message } : ENDED
  const answer = decodeAnswer(line)
  if (answer instanceof TcpnetError) return { code: answer.code, message: answer.message }
  if (answer.status !== 'refused' || answer.reason === 'not-me') return 'ok'
  return { code: 'ERR_TCPNET_REFUSED', message: `it refuses connections: ${answer.reason ?? 'it does not say why'}` }
}

const ENDED = { code: 'ERR_TCPNET_HELLO_ENDED', message: 'it closed the connection before it answered' }
