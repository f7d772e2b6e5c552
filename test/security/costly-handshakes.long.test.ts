// Handshakes that are expensive on purpose: chains of certificates with giant exponents, slow groups.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net'
import { after, describe, test } from 'node:test'
import { type ConnectionOptions, createServer, connect as tlsConnect } from 'node:tls'
import { HandshakeGate } from '#tcpnet/security/gate.js'
import { tlsSecurity } from '#tcpnet/security/mutual-tls.js'
import { secretSecurity } from '#tcpnet/security/secret.js'
import { FLIGHT_BYTES, type TlsSecurity } from '#tcpnet/security/tls.js'
import { until } from '../support/wait.js'
import { Authority } from './certificates.js'
import { dial, failure, prepared } from './dial.js'
import { giantChain } from './giant-chain.js'
import { Member, mesh, newCluster } from './member.js'
import { kinds } from './modes.js'

const authority = new Authority('the cluster')
/** As many certificates as Node reads: 100 KiB. */
const GIANT = giantChain(75)
const AT_ONCE = 16
/** More handshakes than the budget of an address allows on a fast machine: 200 ms, and the one that exceeds it. */
const LET_THROUGH = 8

function knock(port: number, options: ConnectionOptions): void {
  tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }).on('error', () => {})
}

async function listening(server: Server): Promise<number> {
  after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Accepts connections with the security. */
async function acceptor(security: TlsSecurity): Promise<{ port: number; codes: (string | undefined)[] }> {
  const codes: (string | undefined)[] = []
  const onDone = (result: unknown) => codes.push((result as NodeJS.ErrnoException | null)?.code)
  const server = createTcpServer((socket) =>
    security.server(
      socket.on('error', () => {}),
      onDone
    )
  )
  return { port: await listening(server), codes }
}

/** Shows the giant chain to all dialers, and counts those that have verified it: they end the handshake then. */
async function falseAcceptor(): Promise<{ port: number; verified: () => number }> {
  let verified = 0
  const server = createServer(GIANT).on('tlsClientError', () => {})
  server.on('secureConnection', (socket) => {
    verified++
    socket.on('error', () => {}).destroy()
  })
  return { port: await listening(server), verified: () => verified }
}

test('of 16 giant chains that are shown to an acceptor none is verified; members stay connected, and can reconnect', async () => {
  const name = newCluster()
  const [member, peer] = [
    await Member.start({ name, tls: authority.issue('member') }),
    await Member.start({ name, tls: authority.issue('peer') })
  ]
  await mesh([member, peer])
  for (let number = 0; number < AT_ONCE; number++) knock(member.port, GIANT)
  await until(() => member.rejections.length === AT_ONCE, 'not all are rejected')
  for (const { code, message } of member.rejections) {
    assert.equal(code, 'ERR_TCPNET_TLS')
    assert.match(message, /more than \d+ bytes/)
  }
  assert.deepEqual([member.closes, peer.closes], [0, 0])

  peer.sockets.get(member.uuid)?.destroy()
  await until(() => member.connections === 2, 'a proven pair does not come back')
  await Promise.all([member.close(), peer.close()])
})

test('members with long certificates meet', async () => {
  const names = Array.from({ length: 100 }, (_, number) => `DNS:host-${number}.example.org`)
  const long = { extensions: `subjectAltName=${names}` }
  const [one, other] = [authority.issue('one', long), authority.issue('other', long)]
  assert.ok(Buffer.byteLength(one.cert) > FLIGHT_BYTES)
  const name = newCluster()
  const members = [await Member.start({ name, tls: one }), await Member.start({ name, tls: other })]
  await mesh(members)
  await Promise.all(members.map((member) => member.close()))
})

describe('where only Node reads', () => {
  test('an acceptor verifies a few of 16 giant chains from one address, and drops the others', async () => {
    const gates = { inbound: new HandshakeGate(), outbound: new HandshakeGate() }
    const security = await prepared(tlsSecurity(authority.issue('member'), { gates, receive: null }))
    const { port, codes } = await acceptor(security)
    for (let number = 0; number < AT_ONCE; number++) knock(port, GIANT)
    await until(() => codes.includes('ERR_TCPNET_BUSY'), 'not all are handled')
    const verified = codes.filter((code) => code === 'ERR_TCPNET_TLS').length
    assert.ok(verified <= LET_THROUGH, `${verified} chains were verified`)
  })

  test('a dialer verifies the giant chains of a few of 16 false acceptors, and drops its dials to the others', async () => {
    const gates = { inbound: new HandshakeGate(), outbound: new HandshakeGate() }
    const options = { secrets: [Buffer.alloc(32)], name: 'x', uuid: 'A' }
    const security = await prepared(secretSecurity(options, { gates, receive: null }))
    const { port, verified } = await falseAcceptor()
    const codes: (string | undefined)[] = []
    const dials = Array.from({ length: AT_ONCE }, () => {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      const onDone = (result: unknown) => codes.push((result as NodeJS.ErrnoException | null)?.code)
      return socket.once('connect', () => security.client(socket, 'BEEF', onDone))
    })
    await until(() => codes.includes('ERR_TCPNET_BUSY'), 'not all are verified')
    await until(() => verified() > 0, 'none is verified')
    assert.ok(verified() <= LET_THROUGH, `${verified()} chains were verified`)
    for (const socket of dials) socket.destroy()
  })
})

for (const [mode, make] of kinds(authority)) {
  describe(`with ${mode}`, () => {
    test('a giant chain that an acceptor shows is not verified', async () => {
      const { port, verified } = await falseAcceptor()
      const { message } = failure(await dial(make().security, port), 'ERR_TCPNET_TLS')
      assert.match(message, /more than \d+ bytes/)
      assert.equal(verified(), 0)
    })

    test('a client that offers ffdhe8192 alone gets no key exchange', async () => {
      const member = await Member.start({ name: newCluster(), ...make().settings })
      const client = tlsConnect({ host: '127.0.0.1', port: member.port, ecdhCurve: 'ffdhe8192' })
      const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException]
      assert.match(String(error.code), /HANDSHAKE_FAILURE/)
      await member.close()
    })

    test('a server that requires ffdhe8192 gets no key exchange', async () => {
      const server = createServer({ ...authority.issue('impostor'), ecdhCurve: 'ffdhe8192' })
      const [error] = (await Promise.all([
        once(server, 'tlsClientError'),
        dial(make().security, await listening(server)).then((result) => failure(result, 'ERR_TCPNET_TLS'))
      ])) as [[NodeJS.ErrnoException], Error]
      assert.match(String(error[0].code), /NO_SUITABLE_KEY_SHARE|NO_SHARED_GROUP/i)
    })
  })
}
