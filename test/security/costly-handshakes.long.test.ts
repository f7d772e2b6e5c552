// Handshakes that are expensive on purpose: chains of certificates with giant exponents, slow groups.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Server } from 'node:net'
import { after, describe, test } from 'node:test'
import { type ConnectionOptions, createServer, connect as tlsConnect } from 'node:tls'
import { HandshakeGate } from '#tcpnet/security/gate.js'
import { secretSecurity } from '#tcpnet/security/secret.js'
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

function knock(member: Member, options: ConnectionOptions): void {
  tlsConnect({ host: '127.0.0.1', port: member.port, rejectUnauthorized: false, ...options }).on('error', () => {})
}

async function listening(server: Server): Promise<number> {
  after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test('of 16 giant chains from one address a few are verified and the others dropped; members stay connected, and can reconnect', async () => {
  const name = newCluster()
  const [member, peer] = [
    await Member.start({ name, tls: authority.issue('member') }),
    await Member.start({ name, tls: authority.issue('peer') })
  ]
  await mesh([member, peer])
  const stranger = { ...GIANT, localAddress: '127.0.0.2' }
  for (let number = 0; number < AT_ONCE; number++) knock(member, stranger)
  await until(() => member.rejections.some(({ code }) => code === 'ERR_TCPNET_BUSY'), 'not all are handled')
  const lookedAt = member.rejections.filter(({ code }) => code === 'ERR_TCPNET_TLS')
  assert.ok(lookedAt.length <= LET_THROUGH, `${lookedAt.length} chains were verified`)
  for (const { cause } of lookedAt) assert.equal(cause, 'CERT_SIGNATURE_FAILURE')
  assert.deepEqual([member.closes, peer.closes], [0, 0])

  peer.sockets.get(member.uuid)?.destroy()
  await until(() => member.connections === 2, 'a proven pair does not come back')
  await Promise.all([member.close(), peer.close()])
})

test('a dialer with a secret verifies the giant chains of a few of 16 false acceptors, and drops its dials to the others', async () => {
  const gates = { inbound: new HandshakeGate(), outbound: new HandshakeGate() }
  const security = await prepared(secretSecurity({ secrets: [Buffer.alloc(32)], name: 'x', uuid: 'A' }, gates))
  const server = createServer(GIANT).on('tlsClientError', () => {})
  let verified = 0
  // A client of TLS 1.3 ends its handshake when it has verified the chain.
  server.on('secureConnection', (socket) => {
    verified++
    socket.on('error', () => {}).destroy()
  })
  const port = await listening(server)
  const codes: (string | undefined)[] = []
  const dials = Array.from({ length: AT_ONCE }, () => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    const onDone = (result: unknown) => codes.push((result as NodeJS.ErrnoException | null)?.code)
    return socket.once('connect', () => security.client(socket, 'BEEF', onDone))
  })
  await until(() => codes.includes('ERR_TCPNET_BUSY'), 'not all are verified')
  assert.ok(verified <= LET_THROUGH, `${verified} chains were verified`)
  for (const socket of dials) socket.destroy()
})

for (const [mode, make] of kinds(authority)) {
  describe(`with ${mode}`, () => {
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
