// Only services that know the secret can connect. Three members, and every kind of stranger.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { before, describe, test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import { secretSecurity } from '#tcpnet/security/secret.js'
import type { Channel } from '#tcpnet/security/security.js'
import { until } from '../support/wait.js'
import { prepared } from './dial.js'
import { Member, mesh, newCluster } from './member.js'

const SECRET = 'correct horse battery staple'

/** The data that a client reads until it is disconnected. */
async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => (text += chunk))
  socket.on('error', () => {})
  // Not once(), which rejects at the first error.
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return text
}

function helloTo(member: Member, name: string): string {
  const fields = { tcpnet: 1, name, from: 'BAD', boot: '0123456789abcdef', to: member.uuid, seq: 0 }
  return `${JSON.stringify(fields)}\n`
}

for (const [kind, secret, otherSecret] of [
  ['a passphrase', SECRET, 'incorrect horse battery staple'],
  ['a key', Buffer.alloc(32, 7), Buffer.alloc(32, 8)]
] as const) {
  describe(`three members with ${kind}`, () => {
    const name = newCluster()
    let members: Member[] = []
    before(async () => {
      members = await Promise.all([1, 2, 3].map(() => Member.start({ name, secret })))
    })

    /** There were no connections other than those between the three. */
    const onlyMembers = () => {
      for (const member of members) {
        assert.equal(member.connections, 2)
        assert.equal(member.closes, 0)
      }
    }

    test('mesh, and their bytes arrive', async () => {
      await mesh(members)
      for (const one of members) {
        for (const other of members) if (one !== other) await one.says(`from ${one.uuid} to ${other.uuid}`, other)
      }
      assert.deepEqual(
        members.flatMap((member) => member.rejections),
        []
      )
      onlyMembers()
    })

    test('a stranger with another secret is rejected by all, and rejects all', async () => {
      const stranger = await Member.start({ name, secret: otherSecret })
      for (const member of members) {
        assert.equal((await member.rejection()).code, 'ERR_TCPNET_TLS')
        assert.equal((await stranger.dialError(member.uuid)).code, 'ERR_TCPNET_TLS')
        assert.equal((await member.dialError(stranger.uuid)).code, 'ERR_TCPNET_TLS')
      }
      assert.equal((await stranger.rejection(2)).code, 'ERR_TCPNET_TLS')
      assert.equal(stranger.connections, 0)
      await stranger.close()
      onlyMembers()
    })

    test('a stranger with another secret is reported once a minute, however often it dials', async () => {
      const [member] = members
      assert.ok(member !== undefined)
      const dials = () => member.service.peers.get(stranger.uuid)?.failures ?? 0
      const before = member.rejections.length
      const stranger = await Member.start({ name, secret: otherSecret })
      await until(() => dials() >= 4, 'it is not dialed again and again')
      const told = [
        ...member.rejections.slice(before).filter(({ uuid }) => uuid === stranger.uuid),
        ...member.errors.filter(({ peer }) => peer?.uuid === stranger.uuid)
      ].map(({ message }) => message)
      assert.equal(told.length, 2, told.join('\n'))
      for (const message of told) {
        assert.match(message, /\. The other side has another secret: .* a newline at its end counts/)
      }
      await stranger.close()
      onlyMembers()
    })

    test('a stranger without a secret does not dial and is not dialed, and both sides report why', async () => {
      const stranger = await Member.start({ name })
      for (const member of members) {
        const [theirs, ours] = [await stranger.dialError(member.uuid), await member.dialError(stranger.uuid)]
        assert.deepEqual([theirs.code, ours.code], ['ERR_TCPNET_SECURITY', 'ERR_TCPNET_SECURITY'])
        assert.match(theirs.message, /announces security "secret", but this service has "none"/)
        assert.match(ours.message, /announces security "none", but this service has "secret"/)
      }
      assert.deepEqual([stranger.connections, stranger.rejections], [0, []])
      await stranger.close()
      onlyMembers()
    })

    test('a raw client with a valid hello in clear is rejected without an answer', async () => {
      for (const member of members) {
        const count: number = member.rejections.length
        const client = connect(member.port, '127.0.0.1')
        client.write(helloTo(member, name))
        const answer = await readAll(client)
        assert.equal((await member.rejection(count)).code, 'ERR_TCPNET_TLS')
        // At most a TLS alert: seven bytes (RFC 8446 §6).
        assert.ok(answer.length <= 7, answer)
      }
      onlyMembers()
    })

    test('a TLS client without a proof is rejected without an answer', async () => {
      const [member] = members
      assert.ok(member !== undefined)
      for (const said of ['', helloTo(member, name), `{"proof":"${'0'.repeat(128)}"}\n`, `${'{}'.repeat(3000)}\n`]) {
        const count: number = member.rejections.length
        const client: Socket = tlsConnect({ port: member.port, host: '127.0.0.1', rejectUnauthorized: false })
        client.once('secureConnect', () => client.end(said))
        assert.equal(await readAll(client), '')
        assert.match((await member.rejection(count)).code, /^ERR_TCPNET_(TLS|HELLO_TOO_LONG)$/)
      }
      onlyMembers()
    })

    test('a TLS 1.2 client is rejected in the handshake', async () => {
      const [member] = members
      assert.ok(member !== undefined)
      const count: number = member.rejections.length
      const options = { rejectUnauthorized: false, maxVersion: 'TLSv1.2' } as const
      await readAll(tlsConnect({ port: member.port, host: '127.0.0.1', ...options }))
      assert.equal((await member.rejection(count)).code, 'ERR_TCPNET_TLS')
      onlyMembers()
    })

    test('they are still a mesh afterwards', async () => {
      const [one, two] = members
      assert.ok(one !== undefined && two !== undefined)
      await one.says('still here', two)
      onlyMembers()
      await Promise.all(members.map((member) => member.close()))
      await until(() => members.every((member) => member.closes === 2), 'sockets are left open')
    })
  })
}

test('the same secret gives another key in another cluster', async () => {
  const [here, there] = await Promise.all([
    Member.start({ name: newCluster(), secret: SECRET }),
    Member.start({ name: newCluster(), secret: SECRET })
  ])
  // A client that connects to the other cluster's port, which the memory driver never leads to.
  const security = await prepared(secretSecurity({ secrets: [SECRET], name: here.service.name, uuid: here.uuid }))
  const socket = connect(there.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  const channel = await new Promise<Channel>((resolve) =>
    security.client(socket, there.uuid, (result) => resolve(result as Channel))
  )
  channel.send(helloTo(there, here.service.name))
  assert.ok((await new Promise((resolve) => channel.receive(resolve))) instanceof Error)
  assert.equal((await there.rejection()).code, 'ERR_TCPNET_TLS')
  await Promise.all([here.close(), there.close()])
})
