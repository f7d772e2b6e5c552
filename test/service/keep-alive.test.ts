// The keep-alive options that the kernel has for connections: another program, which inherits the socket, reads them.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, it } from 'node:test'
import { deadPeerOptions } from '#tcpnet/net/dead-peer.js'
import { Cluster, connection } from '../support/cluster.js'
import { helloTo, introduce, knock } from '../support/raw-peer.js'
import { next } from '../support/wait.js'

const cluster = new Cluster()
afterEach(() => cluster.close())

const READ_OPTIONS = `
import socket
opened = socket.socket(fileno=3)
print(opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT):
    print(opened.getsockopt(socket.IPPROTO_TCP, option))
`

/** The keep-alive options of a connection, as the kernel has them; null if it does not probe. */
async function optionsOf(socket: Socket): Promise<{ idle: number; interval: number; count: number } | null> {
  const { _handle: handle } = socket as unknown as { _handle: { fd: number } }
  const child = spawn('python3', ['-c', READ_OPTIONS], { stdio: ['ignore', 'pipe', 'inherit', handle.fd] })
  const { stdout } = child
  const [on = 0, idle = 0, interval = 0, count = 0] = (await text(stdout ?? assert.fail())).split('\n').map(Number)
  return on === 1 ? { idle, interval, count } : null
}

const { dropTime: _, ...ours } = deadPeerOptions(50_000)

describe('keep-alive', { skip: process.platform !== 'linux' && "the options' names are those of Linux" }, () => {
  it('is set by the dialer of a connection; with a secret, too', async () => {
    for (const secret of [undefined, 'a secret of the cluster']) {
      const settings = { deadPeerTimeout: 50_000, ...(secret === undefined ? {} : { secret }) }
      const members = [await cluster.member(settings), await cluster.member(settings)] as const
      const ends = await connection(...members)
      const ports = members.map((member) => member.address()?.port)
      const isDialer = ends.map((end) => ports.includes(end.remotePort))
      assert.deepEqual(
        await Promise.all(ends.map(optionsOf)),
        isDialer.map((dialed) => (dialed ? ours : null))
      )
    }
  })

  it('is set by neither side with deadPeerTimeout: 0 on both, and by the other side with 0 on one', async () => {
    const [watching, trusting] = [
      await cluster.member({ deadPeerTimeout: 50_000 }),
      await cluster.member({ deadPeerTimeout: 0 })
    ]
    const [here, there] = await connection(watching, trusting)
    assert.deepEqual(await Promise.all([here, there].map(optionsOf)), [ours, null])
  })

  const cases: [keepalive: number | null, isSet: boolean][] = [
    [null, true],
    [1, false],
    [20, false],
    [21, true],
    [32_767, true]
  ]
  for (const [keepalive, isSet] of cases) {
    it(`is ${isSet ? '' : 'not '}set by the acceptor of a hello that promises ${keepalive} seconds`, async () => {
      const service = await cluster.member({ deadPeerTimeout: 50_000 })
      const connected = next(service, 'connection')
      const socket = await knock(service)
      assert.equal(await introduce(socket, helloTo(service, { keepalive })), 'ok')
      const [accepted] = (await connected) as [Socket]
      assert.deepEqual(await optionsOf(accepted), isSet ? ours : null)
      socket.destroy()
    })
  }

  it('is promised in the hello, unless deadPeerTimeout is 0', async () => {
    for (const [deadPeerTimeout, keepalive] of [
      [50_000, 20],
      [0, null]
    ] as const) {
      const peer = await cluster.rawPeer(deadPeerTimeout === 0 ? 'AA' : 'BB')
      const service = await cluster.member({ deadPeerTimeout, shouldConnect: ({ uuid }) => uuid === peer.uuid })
      const { hello } = await peer.dial(1)
      assert.equal(hello.keepalive, keepalive)
      await peer.close()
      await new Promise<void>((resolve) => service.close(resolve))
    }
  })
})
