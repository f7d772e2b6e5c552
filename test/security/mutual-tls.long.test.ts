// Mutual TLS with a private authority: which certificates are accepted, which are rejected with which code, and how
// they are renewed.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { setInterval } from 'node:timers/promises'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { PeerSocket } from '#tcpnet/index.js'
import { until } from '../support/wait.js'
import { Authority, type Credentials } from './certificates.js'
import { Member, mesh, newCluster } from './member.js'

const authority = new Authority('the cluster')
const otherAuthority = new Authority('another cluster')

/** Sends a hello without a service; resolves with the answer. */
function knock(member: Member, options: ConnectionOptions): Promise<string> {
  const hello = { tcpnet: 1, name: member.service.name, from: 'BAD', boot: '0123456789abcdef', to: member.uuid, seq: 0 }
  const client = connect({ port: member.port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  client.on('secureConnect', () => client.write(`${JSON.stringify(hello)}\n`))
  let answer = ''
  client.setEncoding('utf8').on('data', (text) => (answer += text))
  client.on('error', () => {})
  return new Promise((resolve) => client.once('close', () => resolve(answer)))
}

describe('three members', () => {
  const name = newCluster()
  let members: Member[] = []
  before(async () => {
    const credentials = [1, 2, 3].map((number) => authority.issue(`member ${number}`))
    members = await Promise.all(credentials.map((tls) => Member.start({ name, tls })))
    await mesh(members)
  })

  const onlyMembers = () => {
    for (const { connections, closes } of members) assert.deepEqual([connections, closes], [2, 0])
  }

  test('mesh without errors and rejections, and their bytes arrive', async () => {
    for (const one of members) {
      for (const other of members) if (one !== other) await one.says('hello', other)
      assert.deepEqual(one.rejections, [])
    }
    onlyMembers()
  })

  const strangers: [string, () => Credentials, RegExp][] = [
    ['that has expired', () => authority.issue('expired', { days: -1 }), /^CERT_HAS_EXPIRED$/],
    [
      'of another authority',
      // The stranger trusts the same authority, so that it is the member that rejects.
      () => ({ ...otherAuthority.issue('stranger'), ca: authority.certificate }),
      /^UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT_LOCALLY)$/
    ]
  ]
  for (const [which, credentials, cause] of strangers) {
    test(`a certificate ${which} is rejected with a code, and its owner gets an error`, async () => {
      const counts = members.map((member) => member.rejections.length)
      const stranger = await Member.start({ name, tls: credentials() })
      for (const [number, member] of members.entries()) {
        const rejection = await member.rejection(counts[number])
        assert.equal(rejection.code, 'ERR_TCPNET_TLS')
        assert.match(rejection.cause ?? '', cause)
        const error = await stranger.dialError(member.uuid)
        assert.equal(error.code, 'ERR_TCPNET_TLS')
        assert.match(error.message, /does not accept our certificate/)
      }
      assert.equal(stranger.connections, 0)
      await stranger.close()
      onlyMembers()
    })
  }

  test('a client without a certificate, and one with a self-signed one, are rejected before their hello is answered', async () => {
    const [member] = members
    assert.ok(member !== undefined)
    const self = otherAuthority.issue('self')
    for (const [options, cause] of [
      [{}, 'PEER_DID_NOT_RETURN_A_CERTIFICATE'],
      [{ key: self.key, cert: self.cert }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE']
    ] as const) {
      const count: number = member.rejections.length
      assert.equal(await knock(member, options), '')
      const rejection = await member.rejection(count)
      assert.deepEqual([rejection.code, rejection.cause], ['ERR_TCPNET_TLS', cause])
    }
    onlyMembers()
  })

  test('the same client with a certificate is answered, so those tests can fail', async () => {
    const [member] = members
    assert.ok(member !== undefined)
    const { key, cert } = authority.issue('by hand')
    const answered = knock(member, { key, cert })
    const socket = await until(() => member.sockets.get('BAD'), 'the hello was not accepted')
    socket.destroy()
    assert.match(await answered, /"status":"ok"/)
    member.connections--
    member.closes--
  })

  test('they close', async () => {
    await Promise.all(members.map((member) => member.close()))
  })
})

test('a certificate on the revocation list of the authority is rejected', async () => {
  // The list is in the option `crl`, which is passed to Node.
  const name = newCluster()
  const revoked = authority.issue('revoked')
  const crl = authority.revoke(revoked)
  const [strict, member] = await Promise.all([
    Member.start({ name, tls: { ...authority.issue('strict'), crl } }),
    Member.start({ name, tls: { ...authority.issue('member'), crl } })
  ])
  await mesh([strict, member])
  const out = await Member.start({ name, tls: revoked })
  const rejection = await strict.rejection()
  assert.deepEqual([rejection.code, rejection.cause], ['ERR_TCPNET_TLS', 'CERT_REVOKED'])
  assert.equal(out.connections, 0)
  await Promise.all([strict, member, out].map((one) => one.close()))
})

test('no session can be resumed, so that the certificate is verified each time', async () => {
  const member = await Member.start({ name: newCluster(), tls: authority.issue('member') })
  const { key, cert } = authority.issue('client')
  const sessions: Buffer[] = []
  const options = {
    port: member.port,
    host: '127.0.0.1',
    ca: authority.certificate,
    checkServerIdentity: () => undefined
  }
  const client = connect({ ...options, key, cert })
  client.on('session', (session) => sessions.push(session)).on('error', () => {})
  // Session tickets, if any, come after the handshake (RFC 8446 §4.6.1) and before the answer to a hello.
  const hello = { tcpnet: 1, name: member.service.name, from: 'BAD', boot: '0123456789abcdef', to: member.uuid, seq: 0 }
  client.write(`${JSON.stringify(hello)}\n`)
  await new Promise((resolve) => client.once('data', resolve))
  client.destroy()

  assert.ok(sessions.length > 0, 'there is no session to resume')
  for (const session of sessions) {
    const count: number = member.rejections.length
    const again = connect({ ...options, session })
    again.on('error', () => {})
    await new Promise<void>((resolve) => again.once('close', () => resolve()))
    const { code, cause } = await member.rejection(count)
    assert.deepEqual([code, cause], ['ERR_TCPNET_TLS', 'PEER_DID_NOT_RETURN_A_CERTIFICATE'])
  }
  await member.close()
})

describe('renewal', () => {
  /** Writes numbered lines until `state.stop`; resolves with their number. */
  async function pump(socket: PeerSocket, state: { stop: boolean }): Promise<number> {
    let sent = 0
    for await (const _ of setInterval(1)) {
      for (let line = 0; line < 50; line++) socket.write(`${sent++}\n`)
      if (state.stop) break
    }
    return sent
  }

  test('under load, of the certificate and then of the authority, drops nothing', async () => {
    const name = newCluster()
    const members = await Promise.all(
      [1, 2, 3].map((number) => Member.start({ name, tls: authority.issue(`member ${number}`) }))
    )
    await mesh(members)
    const sockets = members.flatMap((one) =>
      [...one.sockets].map(([uuid, socket]) => ({ one, uuid, socket, state: { stop: false } }))
    )
    const pumps = sockets.map(({ socket, state }) => pump(socket, state))
    const arrived = () => sockets.map(({ one, uuid }) => one.received.get(uuid)?.length ?? 0)
    const progress = async () => {
      const before = arrived()
      await until(() => arrived().every((length, at) => length > (before[at] ?? 0)), 'the load stands still')
    }

    await progress()
    for (const member of members) member.service.setSecureContext(authority.issue('renewed'))
    await progress()
    // First both authorities on every member, then the new certificates, then the new authority alone.
    const both = [authority.certificate, otherAuthority.certificate]
    for (const member of members) member.service.setSecureContext({ ...authority.issue('both'), ca: both })
    for (const member of members) member.service.setSecureContext({ ...otherAuthority.issue('both'), ca: both })
    for (const member of members) member.service.setSecureContext(otherAuthority.issue('new'))
    await progress()

    const newcomer = await Member.start({ name, tls: otherAuthority.issue('newcomer') })
    await mesh([...members, newcomer])
    const late = await Member.start({ name, tls: authority.issue('late') })
    for (const member of members) await late.dialError(member.uuid)
    assert.equal(late.connections, 0)
    await progress()

    for (const { state } of sockets) state.stop = true
    const sent = await Promise.all(pumps)
    for (const [number, { one, uuid, socket }] of sockets.entries()) {
      const other = members.find((member) => member.uuid === uuid) ?? assert.fail('no such member')
      const expected = Array.from({ length: sent[number] ?? 0 }, (_, line) => `${line}\n`).join('')
      await until(() => other.received.get(one.uuid)?.length === expected.length, 'bytes are missing')
      assert.ok(other.received.get(one.uuid) === expected, 'the bytes are not those that were sent')
      assert.equal(one.sockets.get(uuid), socket)
    }
    for (const member of members) assert.equal(member.closes, 0)
    await Promise.all([...members, newcomer, late].map((member) => member.close()))
  })

  test('takes effect before listen, and between listen and listening', async () => {
    const name = newCluster()
    const [before, between] = [1, 2].map(() => new Member({ name, tls: otherAuthority.issue('old') }))
    assert.ok(before !== undefined && between !== undefined)
    before.service.setSecureContext(authority.issue('new'))
    const listening = [before.listen(), between.listen()]
    between.service.setSecureContext(authority.issue('new'))
    await Promise.all(listening)
    const third = await Member.start({ name, tls: authority.issue('third') })
    await mesh([before, between, third])
    await Promise.all([before, between, third].map((member) => member.close()))
  })

  test('throws for unusable credentials, and changes nothing', async () => {
    const name = newCluster()
    const one = await Member.start({ name, tls: authority.issue('one') })
    const [good, other] = [authority.issue('good'), otherAuthority.issue('other')]
    assert.throws(() => one.service.setSecureContext({ ...good, ca: otherAuthority.certificate, key: other.key }), {
      code: 'ERR_INVALID_ARG_VALUE'
    })
    const two = await Member.start({ name, tls: authority.issue('two') })
    await mesh([one, two])
    await Promise.all([one.close(), two.close()])
  })
})

test('a stranger that connects sees the certificate of the service, as docs/security.md says', async () => {
  const member = await Member.start({ name: newCluster(), tls: authority.issue('every host sees this') })
  const client = connect({ port: member.port, host: '127.0.0.1', rejectUnauthorized: false })
  client.on('error', () => {})
  const shown = await new Promise((resolve) =>
    client.once('secureConnect', () => resolve(client.getPeerCertificate().subject.CN))
  )
  assert.equal(shown, 'every host sees this')
  await member.rejection()
  await member.close()
})

test('the sockets of a connection show the certificates of both peers', async () => {
  const name = newCluster()
  const [one, two] = await Promise.all([
    Member.start({ name, tls: authority.issue('one') }),
    Member.start({ name, tls: authority.issue('two') })
  ])
  await mesh([one, two])
  const [here, there] = [one.sockets.get(two.uuid), two.sockets.get(one.uuid)] as (PeerSocket & TLSSocket)[]
  assert.equal(here?.getPeerCertificate().subject.CN, 'two')
  assert.equal(there?.getPeerCertificate().subject.CN, 'one')
  assert.deepEqual([here?.getProtocol(), there?.getProtocol()], ['TLSv1.3', 'TLSv1.3'])
  await Promise.all([one.close(), two.close()])
})
