import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, it } from 'node:test'
import { Dial, type DialResult } from '#tcpnet/mesh/dialer.js'
import { connectTo } from '#tcpnet/mesh/race.js'
import { plain } from '#tcpnet/security/security.js'
import { unlimited } from './support/allowance.js'
import { within } from './support/wait.js'

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** How a dial of a port of these addresses ends. */
function dial(port: number, addresses: string[]): Promise<DialResult> {
  const hello = () => ({ name: 'x', from: 'A', boot: '0123456789abcdef', to: 'B', seq: 0, dial: 1 })
  const target = {
    uuid: 'B',
    endpoints: addresses.map((address) => ({ address, family: 4 as const, port })),
    security: plain,
    deadlineMs: 5000,
    hello,
    connect: connectTo,
    allowance: unlimited()
  }
  return within(new Promise((resolve) => new Dial(target, resolve)), 'the dial ends')
}

describe('a dial that no address takes', () => {
  for (const addresses of [['127.0.0.1'], ['127.0.0.1', '127.0.0.2']]) {
    it(`fails with an error that names each of ${addresses.length}`, async () => {
      const port = await freePort()
      const result = await dial(port, addresses)
      assert.equal(result.kind, 'failed')
      const { code, message } = result.error as NodeJS.ErrnoException
      assert.equal(code, 'ECONNREFUSED')
      for (const address of addresses) assert.ok(message.includes(`ECONNREFUSED ${address}:${port}`), message)
    })
  }
})
