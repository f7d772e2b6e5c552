// The exchange between two services with a secret, inside TLS: relays, copies, repeated and false messages.
import assert from 'node:assert/strict'
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createServer as createTlsServer, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { TcpnetError } from '#tcpnet/index.js'
import { type Line, readLine } from '#tcpnet/net/line.js'
import { fingerprintOf, type ThrowAwayCertificate, throwAwayCertificate } from '#tcpnet/security/certificate.js'
import { loadElligator } from '#tcpnet/security/cpace/elligator.js'
import type { MapToCurve } from '#tcpnet/security/cpace/generator.js'
import { Party, type Role } from '#tcpnet/security/cpace/party.js'
import { secretSecurity } from '#tcpnet/security/secret.js'
import { channelOf, identityOf } from '#tcpnet/security/secret-exchange.js'
import { deriveKeys } from '#tcpnet/security/secret-keys.js'
import { decodeShare, encodeProof, encodeShare } from '#tcpnet/security/secret-messages.js'
import type { Channel } from '#tcpnet/security/security.js'
import type { TlsSecurity } from '#tcpnet/security/tls.js'
import { within } from '../support/wait.js'
import { copycat } from './copycat.js'
import { LOW_ORDER } from './cpace-vectors.js'
import { prepared } from './dial.js'
import { freeGates } from './modes.js'

const NAME = 'x'
const KEY = Buffer.alloc(32, 'a key of the cluster')
const HELLO = '{"tcpnet":1,"this is":"the hello"}\n'
const ANSWER = '{"tcpnet":1,"status":"ok"}\n'

type Outcome = Channel | TcpnetError | null

const servers = new Set<Server>()
const sockets = new Set<Socket>()
after(() => {
  for (const server of servers) server.close()
  for (const socket of sockets) socket.destroy()
})

function make(uuid: string, secrets: (string | Buffer)[] = [KEY], name = NAME): Promise<TlsSecurity> {
  return prepared(secretSecurity({ secrets, name, uuid }, { gates: freeGates() }))
}

async function listen(server: Server): Promise<number> {
  servers.add(server.on('connection', (socket: Socket) => sockets.add(socket)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  sockets.add(socket)
  await once(socket, 'connect')
  return socket
}

/** A port at which the security accepts, and the outcome of each connection, in order. */
async function acceptor(
  security: TlsSecurity
): Promise<{ port: number; outcome: (number: number) => Promise<Outcome> }> {
  const outcomes: Promise<Outcome>[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    outcomes.push(new Promise((resolve) => security.server(socket, resolve)))
  })
  const port = await listen(server)
  const outcome = async (number: number) => {
    while (outcomes.length <= number) await once(server, 'connection')
    return await within(outcomes[number] ?? Promise.reject(new Error('none')), 'an acceptor does not end')
  }
  return { port, outcome }
}

/** Dials, sends the hello, and waits for the answer. */
async function dial(security: TlsSecurity, port: number, peer = 'B'): Promise<{ outcome: Outcome; line: Line }> {
  const socket = await connected(port)
  const outcome = await within(
    new Promise<Outcome>((resolve) => security.client(socket, peer, resolve)),
    'a dialer does not end'
  )
  if (outcome === null || outcome instanceof TcpnetError) return { outcome, line: null }
  outcome.send(HELLO)
  const line = await within(new Promise<Line>((resolve) => outcome.receive(resolve)), 'no line')
  return { outcome, line }
}

function rejected(outcome: Outcome | Line, pattern: RegExp): void {
  assert.ok(outcome instanceof TcpnetError, String(outcome))
  assert.equal(outcome.code, 'ERR_TCPNET_TLS')
  assert.match(outcome.message, pattern)
}

describe('two services', () => {
  test('with the same secret get each other’s lines and uuids, and the bytes after the lines', async () => {
    const [a, b] = [await make('A'), await make('B')]
    const { port, outcome } = await acceptor(b)
    const dialing = dial(a, port)
    const accepted = await outcome(0)
    assert.ok(accepted !== null && !(accepted instanceof TcpnetError))
    assert.equal(accepted.peer, 'A')
    assert.equal(await new Promise((resolve) => accepted.receive(resolve)), HELLO.trim())
    accepted.send(`${ANSWER}and bytes of the application`)
    const { outcome: dialed, line } = await dialing
    assert.ok(dialed !== null && !(dialed instanceof TcpnetError))
    assert.deepEqual([dialed.peer, line], ['B', ANSWER.trim()])
    const [bytes] = (await once(dialed.socket, 'data')) as [Buffer]
    assert.equal(bytes.toString(), 'and bytes of the application')
    dialed.socket.destroy()
  })

  for (const [which, change] of [
    ['secrets', { secrets: [Buffer.alloc(32, 'another key')] }],
    ['names of the cluster', { name: 'y' }]
  ] as const) {
    test(`with different ${which} get no data of each other`, async () => {
      const [a, b] = [
        await make('A'),
        await make('B', 'secrets' in change ? [...change.secrets] : [KEY], 'name' in change ? change.name : NAME)
      ]
      const { port, outcome } = await acceptor(b)
      const { line } = await dial(a, port)
      rejected(line, /closed the connection instead of sending its proof/)
      rejected(await outcome(0), /another secret/)
    })
  }

  test('with four secrets, the acceptor answers with one in each connection, and the dialer asks for the next after a failure', async () => {
    const others = [1, 2, 3].map((number) => Buffer.alloc(32, number))
    const [a, b] = [await make('A'), await make('B', [...others, KEY])]
    const { port, outcome } = await acceptor(b)
    for (let number = 0; number < 3; number++) {
      rejected((await dial(a, port)).line, /instead of sending its proof/)
      rejected(await outcome(number), /another secret/)
    }
    const dialing = dial(a, port)
    const accepted = await outcome(3)
    assert.ok(accepted !== null && !(accepted instanceof TcpnetError))
    accepted.send(ANSWER)
    assert.equal((await dialing).line, ANSWER.trim())

    // The secret that worked last is tried first with a new peer.
    const c = await acceptor(await make('C', [...others, KEY]))
    const again = dial(a, c.port, 'C')
    const first = await c.outcome(0)
    assert.ok(first !== null && !(first instanceof TcpnetError))
    first.send(ANSWER)
    assert.equal((await again).line, ANSWER.trim())
  })
})

/** One side of the exchange, played by the test over a TLS socket. */
class ByHand {
  readonly secured: TLSSocket

  constructor(secured: TLSSocket) {
    this.secured = secured.on('error', () => {})
    sockets.add(secured)
  }

  async line(): Promise<string> {
    const line = await within(new Promise<Line>((resolve) => readLine(this.secured, resolve)), 'no line')
    if (typeof line === 'string') return line
    throw line ?? new Error('closed')
  }

  /** Resolves with the data until the end. */
  async rest(): Promise<string> {
    let text = ''
    this.secured.setEncoding('latin1').on('data', (chunk) => (text += chunk))
    if (!this.secured.closed) await new Promise<void>((resolve) => this.secured.once('close', () => resolve()))
    return text
  }
}

describe('without the secret', () => {
  let map: MapToCurve
  let key: Buffer
  let [a, b]: TlsSecurity[] = []
  let certificate: ThrowAwayCertificate
  before(async () => {
    map = await loadElligator()
    ;[key] = (await deriveKeys([KEY], NAME)) as [Buffer]
    ;[a, b] = [await make('A'), await make('B')]
    certificate = throwAwayCertificate()
  })
  const [dialer, member] = [() => a ?? assert.fail(), () => b ?? assert.fail()]

  const party = (role: Role, secret: Buffer, fingerprint: Buffer, uuid: string) =>
    new Party({ role, secret, channel: channelOf(NAME, fingerprint), associatedData: identityOf(role, uuid), map })

  /** A TLS server without the secret, for one dial of a member; resolves with its side, played by the test. */
  async function falseAcceptor(): Promise<{ port: number; side: Promise<ByHand> }> {
    const server = createTlsServer({ key: certificate.key, cert: certificate.cert })
    const side = once(server, 'secureConnection').then(([secured]) => new ByHand(secured as TLSSocket))
    return { port: await listen(server), side }
  }

  /** A TLS client without the secret, at a member's port. */
  async function falseDialer(port: number): Promise<ByHand> {
    const secured = tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    await once(secured, 'secureConnect')
    return new ByHand(secured)
  }

  test('a relay with a TLS session to each side gets neither to accept', async () => {
    const { port, outcome } = await acceptor(member())
    const { port: middle, side } = await falseAcceptor()
    const dialing = dial(dialer(), middle)
    const [near, far] = [await side, await falseDialer(port)]
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      one.secured.on('data', (bytes) => other.secured.write(bytes)).on('close', () => other.secured.end())
    }
    rejected((await dialing).line, /instead of sending its proof/)
    rejected(await outcome(0), /a host in the middle/)
  })

  test('a copy of the acceptor’s certificate with a signature by another key fails the handshake', async () => {
    const der = new X509Certificate(certificate.cert).raw
    for (const [keyOf, content] of [
      [certificate, true],
      [throwAwayCertificate(), false]
    ] as const) {
      const server = await copycat(der, createPrivateKey(keyOf.key))
      servers.add(server.server)
      const { outcome } = await dial(dialer(), server.port)
      assert.equal(await server.verdict, content)
      rejected(outcome, content ? /closed the connection/ : /TLS handshake failed/)
    }
  })

  test('a TLS session is not resumed', async () => {
    const { port } = await acceptor(member())
    const first = await falseDialer(port)
    const sessions: Buffer[] = []
    first.secured.on('session', (session) => sessions.push(session))
    // Tickets come before any answer (RFC 8446 §4.6.1).
    first.secured.write(encodeShare({ share: Buffer.alloc(32, 9), uuid: 'C', attempt: 0 }))
    await first.line()
    for (const session of [...sessions, first.secured.getSession()]) {
      if (session === undefined) continue
      const again = tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false, session })
      sockets.add(again.on('error', () => {}))
      await once(again, 'secureConnect')
      assert.equal(again.isSessionReused(), false)
    }
  })

  test('a repeated share and proof get no answer', async () => {
    const { port, outcome } = await acceptor(member())
    const [first, again] = [await falseDialer(port), await falseDialer(port)]
    const { fingerprint256 } = first.secured.getPeerX509Certificate() ?? assert.fail()
    const initiator = party('initiator', key, Buffer.from(fingerprint256.replaceAll(':', ''), 'hex'), 'A')
    const share = encodeShare({ share: Buffer.from(initiator.message.share), uuid: 'A', attempt: 0 })
    first.secured.write(share)
    const theirs = decodeShare(await first.line()) ?? assert.fail()
    const confirmations = initiator.finish({ share: theirs.share, associatedData: identityOf('responder', 'B') })
    const proof = encodeProof(confirmations?.own ?? assert.fail())
    first.secured.write(proof + HELLO)
    assert.ok(!((await outcome(0)) instanceof Error), 'the exchange played by the test is wrong')

    again.secured.write(share + proof + HELLO)
    const answer = await again.rest()
    assert.match(answer, /^\{"cpace":1,[^\n]*\}\n$/)
    rejected(await outcome(1), /another secret/)
    first.secured.destroy()
  })

  test('a dialer does not accept its own share and proof in place of the acceptor’s', async () => {
    const { port, side } = await falseAcceptor()
    const dialing = dial(dialer(), port)
    const near = await side
    const { share } = decodeShare(await near.line()) ?? assert.fail()
    near.secured.write(encodeShare({ share, uuid: 'B' }))
    near.secured.write(`${await near.line()}\n${ANSWER}`)
    rejected((await dialing).line, /another secret/)
  })

  test('a dialer in the role of the responder is rejected, even with the secret', async () => {
    const { port, outcome } = await acceptor(member())
    const far = await falseDialer(port)
    const fingerprint = fingerprintOf((far.secured.getPeerX509Certificate() ?? assert.fail()).raw)
    const responder = party('responder', key, fingerprint, 'A')
    far.secured.write(encodeShare({ share: Buffer.from(responder.message.share), uuid: 'A' }))
    const theirs = decodeShare(await far.line()) ?? assert.fail()
    const confirmations = responder.finish({ share: theirs.share, associatedData: identityOf('responder', 'B') })
    far.secured.write(encodeProof(confirmations?.own ?? assert.fail()) + HELLO)
    assert.equal(await far.rest(), '')
    rejected(await outcome(0), /another secret/)
  })

  test('the hello is not sent before the acceptor’s share, and an answer without a proof is not accepted', async () => {
    const { port, side } = await falseAcceptor()
    const dialing = dial(dialer(), port)
    const near = await side
    const share = await near.line()
    assert.match(share, /^\{"cpace":1,"share":"[0-9a-f]{64}","uuid":"A","attempt":\d+\}$/)
    assert.equal(near.secured.read(), null, 'something follows the share')
    const responder = party('responder', randomBytes(32), certificate.fingerprint, 'B')
    near.secured.write(encodeShare({ share: Buffer.from(responder.message.share), uuid: 'B' }))
    assert.match(await near.line(), /^\{"proof":"[0-9a-f]{128}"\}$/)
    near.secured.write(ANSWER)
    rejected((await dialing).line, /its second line is no proof/)
  })

  test('an acceptor does not answer a point of low order, a malformed share or a truncated message', async () => {
    const { port, outcome } = await acceptor(member())
    const points = LOW_ORDER.points.filter(([, product]) => product === null).map(([point]) => point)
    const share = 'ab'.repeat(32)
    const firsts: [string, RegExp][] = [
      ...points.map((point): [string, RegExp] => [JSON.stringify({ cpace: 1, share: point, uuid: 'C' }), /low order/]),
      [JSON.stringify({ cpace: 2, share, uuid: 'C' }), /no share/],
      [JSON.stringify({ cpace: 1, share: share.slice(2), uuid: 'C' }), /no share/],
      [JSON.stringify({ cpace: 1, share: [share], uuid: 'C' }), /no share/],
      [JSON.stringify({ cpace: 1, share, uuid: 'no uuid' }), /no share/],
      [JSON.stringify({ cpace: 1, share, uuid: 'C', attempt: -1 }), /no share/],
      [JSON.stringify({ cpace: 1, share, uuid: 'C', attempt: 0.5 }), /no share/],
      ['null', /no share/]
    ]
    for (const [number, [first, why]] of firsts.entries()) {
      const far = await falseDialer(port)
      far.secured.write(`${first}\n`)
      assert.equal(await far.rest(), '', first)
      rejected(await outcome(number), why)
    }
    const cut = await falseDialer(port)
    cut.secured.end(encodeShare({ share: Buffer.alloc(32, 9), uuid: 'C' }).slice(0, -2))
    const result = await outcome(firsts.length)
    assert.ok(result instanceof TcpnetError)
    assert.equal(result.code, 'ERR_TCPNET_HELLO_ENDED')
  })

  test('a dialer sends no proof to an acceptor whose share is of low order', async () => {
    for (const [point, product] of LOW_ORDER.points) {
      if (product !== null) continue
      const { port, side } = await falseAcceptor()
      const dialing = dial(dialer(), port)
      const near = await side
      await near.line()
      near.secured.write(`${JSON.stringify({ cpace: 1, share: point, uuid: 'B' })}\n`)
      rejected((await dialing).outcome, /low order/)
      assert.equal(await near.rest(), '')
    }
  })
})
