// The handshake below the hello: it ends with the service, and does not affect the bytes of the application.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { type PeerSocket, tcpnet } from '#tcpnet/index.js'
import { secretSecurity } from '#tcpnet/security/secret.js'
import type { Channel } from '#tcpnet/security/security.js'
import { until, within } from '../support/wait.js'
import { Authority } from './certificates.js'
import { prepared } from './dial.js'
import { Member, mesh, newCluster } from './member.js'
import { freeGates, kinds } from './modes.js'

const authority = new Authority('the cluster')

async function knock(port: number, reading = true): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  if (reading) socket.resume()
  await once(socket, 'connect')
  return socket
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()))
}

for (const [kind, make] of kinds(authority)) {
  describe(`with ${kind}`, () => {
    test('bytes that are written at once arrive whole and in order, on both sides, whatever TLS sends meanwhile', async () => {
      const name = newCluster()
      const size = 300_000
      const bytes = Buffer.from(Array.from({ length: size }, (_, at) => at % 251))
      const received: Promise<Buffer>[] = []
      const services = [1, 2].map(() =>
        tcpnet({ name, driver: 'memory', ...make().settings }, (socket) => {
          received.push(readExactly(socket, size))
          socket.write(bytes)
        }).listen()
      )
      await until(() => received.length === 2, 'no connection')
      for (const one of await Promise.all(received)) assert.ok(one.equals(bytes))
      await Promise.all(services.map((service) => new Promise<void>((resolve) => service.close(resolve))))
    })

    test('close() while handshakes are under way ends them, inbound and outbound', async () => {
      const name = newCluster()
      const [one, two] = [new Member({ name, ...make().settings }), new Member({ name, ...make().settings })]
      await Promise.all([one.listen(), two.listen()])
      // Both services dial at this moment, and strangers send nothing or half a record.
      const strangers = await Promise.all(Array.from({ length: 10 }, () => knock(one.port)))
      for (const stranger of strangers.slice(5)) stranger.write(Buffer.from('160301', 'hex'))
      await Promise.all([one.close(), two.close()])
      await Promise.all(strangers.map(closed))
      assert.deepEqual([one.sockets.size, two.sockets.size], [0, 0])
    })

    test('strangers beyond the limit of an address get no handshake, until earlier ones have closed', async () => {
      const member = await Member.start(
        { name: newCluster(), ...make().settings },
        { maxHellosPerAddress: 3, waitingMs: 0 }
      )
      const silent = await Promise.all(Array.from({ length: 3 }, () => knock(member.port)))
      const tooMany = await knock(member.port)
      assert.equal((await member.rejection()).code, 'ERR_TCPNET_BUSY')
      await closed(tooMany)
      for (const one of silent) one.destroy()
      const peer = new Member({ name: member.service.name, ...make().settings })
      await peer.listen()
      await mesh([member, peer])
      await Promise.all([member.close(), peer.close()])
    })

    test('a silent stranger is rejected at the deadline', async () => {
      const member = await Member.start({ name: newCluster(), ...make().settings }, { helloTimeoutMs: 300 })
      const silent = await knock(member.port)
      assert.equal((await member.rejection()).code, 'ERR_TCPNET_HELLO_TIMEOUT')
      await closed(silent)
      await member.close()
    })
  })
}

test('a connection whose bytes are altered ends, on both sides, with an error', async () => {
  const security = await prepared(
    secretSecurity({ secrets: [Buffer.alloc(32)], name: 'x', uuid: 'A' }, { gates: freeGates() })
  )
  const ends: Promise<string>[] = []
  const ended = (socket: Socket) =>
    new Promise<string>((resolve) => {
      let code = 'none'
      socket.on('error', (error: NodeJS.ErrnoException) => (code = String(error.code)))
      socket.resume().once('close', () => resolve(code))
    })
  const server = createServer((socket) =>
    security.server(socket, (result) => ends.push(ended((result as Channel).socket)))
  )
  let altering = false
  const middle = createServer((near) => {
    const far = connect((server.address() as AddressInfo).port, '127.0.0.1')
    near.on('data', (bytes) => far.write(altering ? bytes.map((byte) => byte ^ 1) : bytes)).on('close', () => far.end())
    far.on('data', (bytes) => near.write(bytes)).on('close', () => near.end())
    for (const socket of [near, far]) socket.on('error', () => {})
  })
  for (const one of [server, middle]) await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))
  const socket = await knock((middle.address() as AddressInfo).port, false)
  const channel = await new Promise<Channel>((resolve) =>
    security.client(socket, 'A', (result) => resolve(result as Channel))
  )
  channel.send('hello\n')
  const { socket: client } = channel
  ends.push(ended(client))
  await until(() => ends.length === 2, 'no handshake')
  altering = true
  client.write('to be altered')
  const codes = await within(Promise.all(ends), 'a side goes on')
  for (const code of codes) assert.match(code, /^ERR_SSL_/)
  for (const one of [server, middle]) one.close()
})

function readExactly(socket: PeerSocket, size: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let read = 0
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      read += chunk.length
      if (read >= size) resolve(Buffer.concat(chunks))
    })
    socket.on('close', () => reject(new Error(`closed after ${read} bytes`)))
  })
}
