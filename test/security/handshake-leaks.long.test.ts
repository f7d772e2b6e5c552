// Handshakes that fail leave nothing behind.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { test } from 'node:test'
import { inUse } from '../support/in-use.js'
import { until } from '../support/wait.js'
import { Authority } from './certificates.js'
import { prepared } from './dial.js'
import { kinds } from './modes.js'

/** A plain hello, a request of another protocol, a broken record, and a record of an unknown type. */
const GARBAGE = [
  '{"tcpnet":1}\n',
  'GET / HTTP/1.1\r\n\r\n',
  Buffer.alloc(300, 0x16),
  Buffer.from('ff03030001ff', 'hex')
]

/** Sends bytes and the end, and waits for the end of the connection. */
async function visit(port: number, bytes: string | Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  await once(socket.resume(), 'connect')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.end(bytes)
  await closed
}

for (const [kind, make] of kinds(new Authority('the cluster'))) {
  test(`500 failed handshakes with ${kind} leave no memory and no handles`, async (t) => {
    const security = await prepared(make().security)
    let failures = 0
    const server = createServer((socket) => {
      socket.on('error', () => {})
      security.server(socket, (result) => result instanceof Error && failures++)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const fail = async (times: number) => {
      const target = failures + times
      for (let left = times; left > 0; left -= 20) {
        await Promise.all(Array.from({ length: 20 }, (_, n) => visit(port, GARBAGE[n % GARBAGE.length] ?? '')))
      }
      await until(() => failures >= target, 'not all have failed')
    }
    await fail(1000)
    const before = await inUse()
    await fail(500)
    // The bound detects a leak in 500 sockets if each takes 400 bytes or more.
    const after = await until(async () => {
      const now = await inUse()
      return now.bytes - before.bytes < 200_000 && now.handles <= before.handles && now
    }, 'memory or handles are left')
    t.diagnostic(`${after.bytes - before.bytes} bytes after 500 failed handshakes`)
    server.close()
  })
}
