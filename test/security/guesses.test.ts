// Guessing a secret online: a bounded number of shares is answered without a proof, on acceptors and on dialers.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { TcpnetError } from '#tcpnet/index.js'
import { HandshakeGate } from '#tcpnet/security/gate.js'
import { secretSecurity } from '#tcpnet/security/secret.js'
import type { Channel } from '#tcpnet/security/security.js'
import type { TlsSecurity } from '#tcpnet/security/tls.js'
import { within } from '../support/wait.js'
import { prepared } from './dial.js'
import { freeGates } from './modes.js'

/** The default rate, with a smaller burst. */
const BUDGET = { perSecond: 1, burst: 12, burstInAll: 24 }
/** Guesses that an address may make at once; the last one exceeds the budget. */
const BURST = BUDGET.burst + 1

type Outcome = Channel | TcpnetError | null

/** Gates that measure no cost, and whose clock stands still. */
function stoppedGates(): TlsSecurity['gates'] {
  const clock = { now: () => 0, meter: { start() {}, stop() {}, take: () => 0 } }
  const gate = () => new HandshakeGate(clock, BUDGET)
  return { inbound: gate(), outbound: gate() }
}

function make(secret: string, gates: TlsSecurity['gates'], uuid = 'A'): Promise<TlsSecurity> {
  return prepared(secretSecurity({ secrets: [Buffer.alloc(32, secret)], name: 'x', uuid }, { gates }))
}

/** A port at which the security accepts, with its outcomes, and its answer to each hello. */
async function acceptor(
  security: TlsSecurity,
  host = '127.0.0.1'
): Promise<{ port: number; outcomes: Outcome[]; close: () => void }> {
  const outcomes: Outcome[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    security.server(socket, (outcome) => {
      outcomes.push(outcome)
      if (outcome !== null && !(outcome instanceof TcpnetError)) outcome.send('answer\n')
    })
  })
  server.listen(0, host)
  await once(server, 'listening')
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, outcomes, close }
}

/** Dials, and resolves with whether an answer came. */
async function dial(security: TlsSecurity, port: number, localAddress = '127.0.0.1', peer = 'B'): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {})
  await once(socket, 'connect')
  const answered = new Promise<boolean>((resolve) =>
    security.client(socket, peer, (outcome) => {
      if (outcome === null || outcome instanceof TcpnetError) return resolve(false)
      outcome.send('hello\n')
      outcome.receive((line) => {
        outcome.socket.destroy()
        resolve(line === 'answer')
      })
    })
  )
  return await within(answered, 'a dial does not end', 10_000)
}

test('an acceptor answers a bounded number of guesses from an address, and members beside them', async () => {
  const security = await make('right', stoppedGates())
  const { port, outcomes, close } = await acceptor(security)
  const [member, stranger] = [await make('right', freeGates()), await make('wrong', freeGates())]
  assert.equal(await dial(member, port), true, 'a member is not answered')

  for (let guess = 0; guess < BURST; guess++) assert.equal(await dial(stranger, port, '127.0.0.2'), false)
  assert.equal(outcomes.length, BURST + 1)
  // One more is not answered: it waits for the budget.
  const waiting = dial(stranger, port, '127.0.0.2')
  assert.equal(await dial(member, port), true, 'a proven pair has to wait')
  assert.equal(await dial(member, port, '127.0.0.3'), true, 'another address has to wait')
  assert.equal(outcomes.length, BURST + 3)
  close()
  assert.equal(await waiting, false)
})

test('a dialer that reaches false acceptors answers a bounded number of guesses', async () => {
  const dialer = await make('right', stoppedGates())
  const { port, outcomes, close } = await acceptor(await make('wrong', freeGates()))
  for (let guess = 0; guess < BURST; guess++) assert.equal(await dial(dialer, port), false)
  const waiting = dial(dialer, port)
  // A dial of another dialer is not held back; the one above still waits for its budget.
  assert.equal(await dial(await make('wrong', freeGates()), port), true)
  assert.equal(outcomes.length, BURST + 1)
  close()
  assert.equal(await waiting, false)
})

test('a pair that was proven by an inbound connection is proven for dials, whatever the form of its address', async () => {
  const gates = stoppedGates()
  const security = await make('right', gates)
  // Dual stack: the member's address is IPv4-mapped here.
  const inbound = await acceptor(security, '::')
  assert.equal(await dial(await make('right', freeGates(), 'B'), inbound.port), true)
  const wrong = await acceptor(await make('wrong', freeGates()))
  for (let guess = 0; guess < BURST; guess++) await dial(security, wrong.port, '127.0.0.1', 'LIAR')
  // The address is in debt; the pair is not.
  const right = await acceptor(await make('right', freeGates(), 'B'))
  assert.equal(await dial(security, right.port), true)
  for (const { close } of [inbound, wrong, right]) close()
})
