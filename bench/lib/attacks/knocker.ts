// Connects to a member again and again, until its standard input ends.
//   knocker.js PLAN
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as tlsConnect } from 'node:tls'
import { giantChain } from '../../../test/security/giant-chain.js'
import { floodWithKeyUpdates } from './key-updates.js'
import type { KnockerPlan } from './plans.js'

const plan = JSON.parse(process.argv[2] ?? '{}') as KnockerPlan
const { host, port } = plan
/** Handshakes under way at once. */
const AT_ONCE = 16
/**
 * The number of silent connections from each address, which is the limit of an address, and the age at which each is
 * replaced.
 */
const FRESH_AN_ADDRESS = 32
const FRESH_MS = 500
/** Milliseconds between one connection and the next. */
const PAUSE_MS = 5
/** The number of claimants that are kept, so that none is closed by this side. */
const MAX_CLAIMANTS = 64

let turn = 0

function knock(): Socket {
  const localAddress = plan.from[turn++ % plan.from.length]
  return connect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) }).on('error', () => {})
}

/** Keeps `atOnce` connections open: makes a new one after each that has closed. */
function repeat(atOnce: number, make: () => Socket): void {
  const next = async () => {
    for (;;) {
      const socket = make()
      await new Promise((resolve) => socket.once('close', resolve).once('error', resolve))
      socket.destroy()
      await delay(PAUSE_MS)
    }
  }
  for (let n = 0; n < atOnce; n++) void next()
}

/**
 * The first bytes of a client that offers only ffdhe8192. Made once, since the key costs the client as much as the
 * server.
 */
async function clientHello(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = tlsConnect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ecdhCurve: 'ffdhe8192' })
  client.on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  server.close()
  return bytes
}

const attacks: Record<KnockerPlan['kind'], () => unknown> = {
  chains: () => {
    const chain = giantChain(75)
    repeat(AT_ONCE, () => {
      return tlsConnect({ socket: knock(), rejectUnauthorized: false, ...chain })
        .on('error', () => {})
        .resume()
    })
  },
  ffdhe: async () => {
    const hello = await clientHello()
    repeat(AT_ONCE, () => {
      const socket = knock().on('connect', () => socket.write(hello))
      // Only the answer is needed.
      return socket.once('data', () => socket.destroy())
    })
  },
  fresh: () => {
    repeat(FRESH_AN_ADDRESS * plan.from.length, () => {
      const socket = knock()
        .resume()
        .setTimeout(FRESH_MS, () => socket.destroy())
      return socket
    })
  },
  claims: async () => {
    const claimants: Socket[] = []
    for (;;) {
      const socket = knock()
      const boot = randomBytes(8).toString('hex')
      const hello = {
        name: plan.name,
        from: plan.peers[turn % plan.peers.length],
        boot,
        to: plan.uuid,
        seq: 0,
        dial: null,
        port: null,
        keepalive: null
      }
      socket.resume().write(`${JSON.stringify({ tcpnet: 1, ...hello })}\n`)
      claimants.push(socket)
      if (claimants.length > MAX_CLAIMANTS) claimants.shift()?.destroy()
      await delay(1)
    }
  },
  'key-updates': () => floodWithKeyUpdates(plan)
}

console.log('ready')
void attacks[plan.kind]()
process.stdin.resume().on('end', () => process.exit())
