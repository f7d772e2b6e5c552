// The keep-alive options that the kernel has for connections: another program, which inherits the socket, reads them.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { afterEach, it } from 'node:test'
import type { PeerSocket } from '#tcpnet/index.js'
import { deadPeerOptions } from '#tcpnet/net/dead-peer.js'
import { Cluster, connection } from '../support/cluster.js'

const cluster = new Cluster()
afterEach(() => cluster.close())

const READ_OPTIONS = `
import socket
opened = socket.socket(fileno=3)
print(opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT):
    print(opened.getsockopt(socket.IPPROTO_TCP, option))
`

/** The keep-alive options of a connection, as the kernel has them. */
async function optionsOf(socket: PeerSocket): Promise<{ on: boolean; idle: number; interval: number; count: number }> {
  const { _handle: handle } = socket as unknown as { _handle: { fd: number } }
  const child = spawn('python3', ['-c', READ_OPTIONS], { stdio: ['ignore', 'pipe', 'inherit', handle.fd] })
  const { stdout } = child
  const [on = 0, idle = 0, interval = 0, count = 0] = (await text(stdout ?? assert.fail())).split('\n').map(Number)
  return { on: on === 1, idle, interval, count }
}

const notLinux = process.platform === 'linux' ? false : "the options' names are those of Linux"

it('connections have our keep-alive intervals, and no keep-alive with deadPeerTimeout: 0', {
  skip: notLinux
}, async () => {
  const timeoutMs = 50_000
  const [watching, trusting] = [
    await cluster.member({ deadPeerTimeout: timeoutMs }),
    await cluster.member({ deadPeerTimeout: 0 })
  ]
  const [here, there] = await connection(watching, trusting)
  const { idle, interval, count } = deadPeerOptions(timeoutMs)
  assert.deepEqual(await optionsOf(here), { on: true, idle, interval, count })
  assert.equal((await optionsOf(there)).on, false)
})
