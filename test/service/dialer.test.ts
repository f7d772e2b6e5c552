import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, Socket } from 'node:net'
import { describe, it } from 'node:test'
import type { DialResult } from '#tcpnet/mesh/dialer.js'
import type { Endpoint } from '#tcpnet/mesh/race.js'
import { dialed } from '../support/dial.js'
import { within } from '../support/wait.js'

/** A closed port. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const hello = () => ({
  name: 'x',
  from: 'A',
  boot: '0123456789abcdef',
  to: 'B',
  seq: 0,
  dial: 1,
  port: null,
  keepalive: null
})

/** Dials a port at these addresses, and resolves with the result. */
function dial(port: number, addresses: string[], answer: Endpoint[] | null = null): Promise<DialResult> {
  const endpoints = addresses.map((address) => ({ address, family: 4 as const, port }))
  return within(dialed({ uuid: 'B', endpoints, hello, locate: async () => answer }), 'the dial ends')
}

describe('a dial that reaches another program', () => {
  const programs: [string, string, string, RegExp][] = [
    [
      'an HTTP server',
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      'ERR_TCPNET_HELLO_INVALID',
      /no tcpnet service listens there/
    ],
    ['an SSH server', 'SSH-2.0-OpenSSH_9.2p1\r\n', 'ERR_TCPNET_HELLO_INVALID', /no tcpnet service listens there/],
    ['a program that never ends its line', 'x'.repeat(5000), 'ERR_TCPNET_HELLO_TOO_LONG', /no tcpnet service/],
    ['a program that closes at once', '', 'ERR_TCPNET_HELLO_ENDED', /before its first line/],
    [
      'a peer that finds an error in our hello',
      '{"tcpnet":1,"status":"refused","reason":"invalid"}\n',
      'ERR_TCPNET_REFUSED',
      /it found a field of our hello wrong/
    ]
  ]
  for (const [name, line, code, what] of programs) {
    it(`fails with an error that names the peer, its address and port, and what to do: ${name}`, async () => {
      const server = createServer((socket) => socket.on('error', () => {}).end(line)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const result = await dial(port, ['127.0.0.1'])
      server.close()
      assert.equal(result.kind, 'failed')
      const { code: told, message } = result.error as NodeJS.ErrnoException
      assert.equal(told, code)
      assert.ok(message.includes(`the peer B at 127.0.0.1:${port} failed. `), message)
      assert.match(message, what)
    })
  }
})

describe('a dial that reaches no address', () => {
  for (const addresses of [['127.0.0.1'], ['127.0.0.1', '127.0.0.2']]) {
    it(`fails with an error that names each address, of ${addresses.length}`, async () => {
      const port = await freePort()
      const result = await dial(port, addresses)
      assert.equal(result.kind, 'failed')
      const { code, message } = result.error as NodeJS.ErrnoException
      assert.equal(code, 'ECONNREFUSED')
      for (const address of addresses) assert.ok(message.includes(`ECONNREFUSED ${address}:${port}`), message)
      assert.deepEqual(result.addresses, addresses)
    })
  }

  it('fails, if no address answers in time, with an error that names each address and port, and a firewall as a cause', async () => {
    const endpoints = ['10.66.0.3', 'fe80::3%eth0'].map((address) => ({ address, family: 4 as const, port: 4711 }))
    // Attempts begin 250 ms apart.
    const dial = dialed({ uuid: 'B', endpoints, hello, connect: () => new Socket(), deadlineMs: 300 })
    const result = await within(dial, 'the dial ends')
    assert.equal(result.kind, 'failed')
    const { code, message } = result.error as NodeJS.ErrnoException
    assert.equal(code, 'ERR_TCPNET_DIAL_TIMEOUT')
    assert.ok(message.includes('the peer B at 10.66.0.3:4711, [fe80::3%eth0]:4711 failed. '), message)
    assert.match(message, /a firewall drops packets to that TCP port/)
    assert.deepEqual(result.addresses, ['10.66.0.3', 'fe80::3%eth0'])
  })

  it('fails with an error that says so if the peer has no address', async () => {
    const result = await dial(await freePort(), [], [])
    assert.equal(result.kind, 'failed')
    assert.equal((result.error as NodeJS.ErrnoException).code, 'ERR_TCPNET_OFF_LINK')
  })

  it('fails with an error that says so if no address is known', async () => {
    const result = await dial(await freePort(), [])
    assert.equal(result.kind, 'failed')
    assert.equal((result.error as NodeJS.ErrnoException).code, 'ERR_TCPNET_DIAL_TIMEOUT')
    assert.match(
      result.error.message,
      /neither its host nor the DNS-SD daemon answered with its address and port: a firewall drops UDP/
    )
  })
})
