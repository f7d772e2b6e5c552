// TLS gets the other side's part of a handshake by hand: however its bytes come, and if it ends in between.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { after, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { TcpnetError } from '#tcpnet/index.js'
import type { Channel, Security } from '#tcpnet/security/security.js'
import { within } from '../support/wait.js'
import { Authority } from './certificates.js'
import { prepared } from './dial.js'
import { kinds } from './modes.js'

const authority = new Authority('the cluster')

async function listening(server: Server): Promise<number> {
  after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Answers each line with the same line. */
function echo(security: Security): Server {
  return createServer((socket) => {
    security.server(
      socket.on('error', () => {}),
      (channel) => {
        if (channel === null || channel instanceof TcpnetError) return
        channel.receive((line) => channel.send(`${line}\n`))
      }
    )
  })
}

/** Forwards to the port what it gets, in both directions, in the way of `pass`. */
function forwarder(port: number, pass: (from: Socket, to: Socket) => void): Server {
  return createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const socket of [near.setNoDelay(true), far.setNoDelay(true)]) socket.on('error', () => {})
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
    pass(near, far)
    pass(far, near)
  })
}

async function byteByByte(from: Socket, to: Socket): Promise<void> {
  for await (const chunk of from) {
    for (const byte of chunk as Buffer) {
      to.write(Buffer.of(byte))
      await setImmediate()
    }
  }
}

/** Forwards this many bytes, and then ends the connection. */
function cutAfter(count: number): (from: Socket, to: Socket) => void {
  return (from, to) => {
    let left = count
    from.on('data', (chunk) => {
      to.write(chunk.subarray(0, left))
      left -= chunk.length
      if (left <= 0) to.end()
    })
  }
}

async function dial(security: Security, port: number): Promise<Channel | TcpnetError | null> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  after(() => socket.destroy())
  await once(socket, 'connect')
  return await new Promise((resolve) => security.client(socket, 'A', resolve))
}

for (const [kind, make] of kinds(authority)) {
  describe(`with ${kind}`, () => {
    test('a handshake whose bytes come one by one succeeds', async () => {
      const security = await prepared(make().security)
      const port = await listening(echo(security))
      const channel = await within(
        dial(security, await listening(forwarder(port, (from, to) => void byteByByte(from, to).catch(() => {})))),
        'no handshake'
      )
      assert.ok(channel !== null && !(channel instanceof TcpnetError), String(channel))
      channel.send('hello\n')
      assert.equal(await new Promise((resolve) => channel.receive(resolve)), 'hello')
    })

    test('a dial fails at once if the connection ends within the handshake', async () => {
      const security = await prepared(make().security)
      const port = await listening(echo(security))
      // Before any byte of the certificates, and in the middle of them.
      for (const count of [100, 700]) {
        const result = await within(
          dial(security, await listening(forwarder(port, cutAfter(count)))),
          'the dial goes on'
        )
        assert.ok(result instanceof TcpnetError, String(result))
        assert.equal(result.code, 'ERR_TCPNET_TLS')
      }
    })
  })
}
