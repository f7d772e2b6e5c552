// The setting shouldConnect, which decides for each peer.
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Peer, type Service, type TcpnetError, tcpnet } from '#tcpnet/index.js'
import { DEFAULT_LIMITS, type Limits } from '#tcpnet/mesh/limits.js'
import { runProgram } from '../support/child.js'
import { Cluster, connection } from '../support/cluster.js'
import { accept, helloTo, introduce, knock, RawPeer } from '../support/raw-peer.js'
import { instanceAt, TestMesh } from '../support/test-mesh.js'
import { next, Tally, until } from '../support/wait.js'

const cluster = new Cluster()
afterEach(() => cluster.close())

function bars(ms: number): Pick<Limits, 'bars'> {
  const times = { firstMs: ms, longestMs: ms }
  return { bars: { security: times, refused: times, unwanted: times } }
}

function codeOf(service: Service, uuid: string): [state: string | undefined, code: string | undefined] {
  const peer = service.peers.get(uuid)
  return [peer?.state, (peer?.error as TcpnetError | null)?.code]
}

describe('a peer to which shouldConnect says no', () => {
  it('stays disconnected after socket.end(): neither side dials again, and both know why', async () => {
    const done = new Set<string>()
    const [a, b] = [await cluster.member({ shouldConnect: ({ uuid }) => !done.has(uuid) }), await cluster.member()]
    const errors: (string | undefined)[] = []
    b.on('error', ({ code }) => errors.push(code))
    const [socket] = await connection(a, b)
    done.add(b.uuid)
    socket.end()
    await until(() => codeOf(a, b.uuid)[0] === 'barred', 'a does not bar it')
    await until(() => codeOf(b, a.uuid)[0] === 'barred', 'b does not learn it')
    assert.deepEqual(codeOf(a, b.uuid), ['barred', 'ERR_TCPNET_UNWANTED'])
    assert.deepEqual(codeOf(b, a.uuid), ['barred', 'ERR_TCPNET_UNWANTED'])
    assert.match(b.peers.get(a.uuid)?.error?.message ?? '', /does not want a connection with this service/)
    assert.deepEqual(errors, ['ERR_TCPNET_UNWANTED'])
    const retryMs = (b.peers.get(a.uuid)?.retryAt ?? 0) - Date.now()
    assert.ok(retryMs > 5000, `b dials again in ${retryMs} ms`)
  })

  it('is connected as soon as shouldConnect says yes', async () => {
    let wanted = false
    const asked = new Tally<Peer>()
    const shouldConnect = (peer: Peer) => {
      asked.add(peer)
      return wanted
    }
    const a = await cluster.member({ shouldConnect }, bars(20))
    const b = await cluster.member({}, bars(60_000))
    // shouldConnect is called again and again.
    await asked.reach(4, 'it is not asked again')
    assert.deepEqual([...new Set(asked.items.map(({ uuid }) => uuid))], [b.uuid])
    assert.deepEqual([a.connections.length, b.connections.length], [0, 0])
    wanted = true
    await connection(a, b)
    assert.deepEqual(codeOf(a, b.uuid), ['connected', undefined])
  })

  it('is asked about again after a second, doubling to ten; one that refuses us is dialed after ten, doubling to a minute', () => {
    assert.deepEqual(DEFAULT_LIMITS.bars, {
      security: { firstMs: 60_000, longestMs: 600_000 },
      refused: { firstMs: 10_000, longestMs: 60_000 },
      unwanted: { firstMs: 1000, longestMs: 10_000 }
    })
  })

  it('is refused if it dials without being announced, and is not remembered', async () => {
    const a = await cluster.member({ shouldConnect: () => false })
    const rejected = next(a, 'rejected')
    const socket = await knock(a)
    assert.equal(await introduce(socket, helloTo(a)), 'refused: unwanted')
    const [error, info] = (await rejected) as [TcpnetError, { uuid: string; remoteAddress: string }]
    assert.deepEqual([error.code, info.uuid, info.remoteAddress], ['ERR_TCPNET_UNWANTED', 'DEAD', '127.0.0.1'])
    await until(() => a.peers.size === 0, 'it is remembered')
    socket.destroy()
  })

  it('stays connected if it is connected already: only later connections are decided', async (t) => {
    let wanted = true
    const a = await cluster.member({ shouldConnect: () => wanted })
    const raw = await RawPeer.announce(cluster.name, 'DEAD')
    t.after(() => raw.close())
    const connected = next(a, 'connection')
    const { socket } = await raw.dial(1)
    accept(socket)
    await connected
    wanted = false
    assert.equal(await introduce(await knock(a), helloTo(a)), 'refused: unwanted')
    assert.equal(a.connections.length, 1)
    // close() waits for it.
    socket.destroy()
  })
})

describe('shouldConnect', () => {
  it('is a function', () => {
    const settings = { name: 'x', shouldConnect: true } as unknown as { name: string }
    assert.throws(() => tcpnet(settings), { code: 'ERR_INVALID_ARG_TYPE' })
  })

  it('may close the service: no dial begins after that', async () => {
    const shouldConnect = () => {
      void mesh.close()
      return true
    }
    const mesh = new TestMesh({}, { shouldConnect })
    mesh.mesh.hint(instanceAt(1))
    await setImmediate()
    await mesh.close()
    assert.deepEqual([mesh.attempts, mesh.questions], [[], []])
  })

  const WRONG: [what: string, body: string, said: string][] = [
    ['throws', "throw new Error('on purpose')", 'undefined on purpose'],
    [
      'returns a promise',
      'return Promise.resolve(true)',
      'ERR_INVALID_RETURN_VALUE The function "settings.shouldConnect" must return true or false. It returned a promise.'
    ],
    [
      'returns nothing',
      '',
      'ERR_INVALID_RETURN_VALUE The function "settings.shouldConnect" must return true or false. It returned undefined.'
    ]
  ]
  for (const [what, body, said] of WRONG) {
    it(`that ${what} causes an uncaught exception, and counts as no`, async () => {
      const { code, stdout, stderr } = await runProgram(`
        import { tcpnet } from 'tcpnet'
        const services = [tcpnet({ name: 'x', shouldConnect() { ${body} } }), tcpnet('x')]
        process.once('uncaughtException', (error) => {
          console.log(error.code, error.message)
          console.log(services[0].connections.length)
          process.exit()
        })
        for (const service of services) service.listen()`)
      assert.deepEqual([code, stderr, stdout], [0, '', `${said}\n0\n`])
    })
  }
})
