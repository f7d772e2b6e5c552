import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { PeerSocket, RejectInfo, Service, TcpnetError } from 'tcpnet'
import { Cluster, closed, connection } from './support/cluster.js'
import { helloTo, introduce, knock, over } from './support/raw-peer.js'
import { Tally, until, within } from './support/wait.js'

interface Rejection {
  readonly error: TcpnetError
  readonly info: RejectInfo
}

/** A service with a connection that nothing may disturb, and what it rejects. */
let cluster: Cluster
let service: Service
let undisturbed: [PeerSocket, PeerSocket]
let rejections: Tally<Rejection>

beforeEach(async () => {
  cluster = new Cluster()
  rejections = new Tally()
  service = await cluster.member({ uuid: 'BB' })
  service.on('rejected', (error, info) => rejections.add({ error, info }))
  service.on('error', (error) => assert.fail(error))
  undisturbed = await connection(service, await cluster.member())
})

/** What holds after every stranger: the connection is alive, an honest peer gets in, nothing is left. */
afterEach(async () => {
  try {
    await holdsStill()
  } finally {
    await cluster.close()
  }
})

async function holdsStill(): Promise<void> {
  const [near, far] = undisturbed
  const heard = within(new Promise((resolve) => far.once('data', resolve)), 'the old connection is alive')
  near.write('alive')
  assert.equal(String(await heard), 'alive')
  const honest = await cluster.member()
  await connection(service, honest)
  assert.equal(service.connections.length, 2)
}

/** Waits for the one rejection; a second one would come before the end of a stranger that comes after. */
async function rejected(): Promise<Rejection> {
  const [first] = await rejections.reach(1, 'the stranger is rejected')
  const last = await knock(service)
  last.write('garbage\n')
  await over(last)
  await rejections.reach(2, 'the last stranger is rejected')
  assert.equal(rejections.items.length, 2)
  last.destroy()
  return first ?? assert.fail()
}

describe('a stranger is rejected once, and told why', () => {
  const OTHER = '0'.repeat(32)
  const hellos: [string, Parameters<typeof helloTo>[1], string, string][] = [
    ['for another name', { name: 'other' }, 'refused: name', 'ERR_TCPNET_NAME'],
    ['for another uuid', { to: OTHER }, 'refused: not-me', 'ERR_TCPNET_NOT_ME'],
    ['from our own uuid', { from: 'bb' }, 'refused: self', 'ERR_TCPNET_SELF']
  ]
  for (const [name, change, answer, code] of hellos) {
    it(`with a hello ${name}`, async () => {
      const stranger = await knock(service)
      assert.equal(await introduce(stranger, helloTo(service, change)), answer)
      const remotePort = stranger.localPort
      await over(stranger.end())
      const { error, info } = await rejected()
      assert.equal(error.code, code)
      assert.deepEqual(
        { ...info },
        { remoteAddress: '127.0.0.1', remotePort, uuid: change?.from?.toUpperCase() ?? 'DEAD' }
      )
    })
  }

  it('with a hello of another version', async () => {
    const stranger = await knock(service)
    assert.equal(await introduce(stranger, helloTo(service).replace('"tcpnet":1', '"tcpnet":2')), 'refused: version')
    assert.equal((await rejected()).error.code, 'ERR_TCPNET_VERSION')
    stranger.destroy()
  })
})

describe('a stranger is rejected once, and cut off', () => {
  const half = () => helloTo(service).slice(0, 50)
  const strangers: [string, (socket: Socket) => unknown, string][] = [
    ['garbage', (socket) => socket.write('GET / HTTP/1.1\r\n\r\n'), 'ERR_TCPNET_HELLO_INVALID'],
    ['bytes that are no text', (socket) => socket.write(Buffer.from([0xff, 0, 0xfe, 10])), 'ERR_TCPNET_HELLO_INVALID'],
    ['an empty line', (socket) => socket.write('\n'), 'ERR_TCPNET_HELLO_INVALID'],
    ['an answer', (socket) => socket.write('{"tcpnet":1,"status":"ok","seq":1}\n'), 'ERR_TCPNET_HELLO_INVALID'],
    ['a TLS handshake', (socket) => socket.write(Buffer.from('160301020001000a', 'hex')), 'ERR_TCPNET_HELLO_INVALID'],
    ['10 MB without a newline', (socket) => socket.write(Buffer.alloc(10_000_000, 'x')), 'ERR_TCPNET_HELLO_TOO_LONG'],
    ['half a hello and the end', (socket) => socket.end(half()), 'ERR_TCPNET_HELLO_ENDED']
  ]
  for (const [name, send, code] of strangers) {
    it(`with ${name}`, async () => {
      const stranger = await knock(service)
      const gone = over(stranger)
      send(stranger)
      await within(gone, 'it is cut off')
      const { error, info } = await rejected()
      assert.equal(error.code, code)
      assert.equal(info.uuid, undefined)
      stranger.destroy()
    })
  }

  it('with half a hello and a reset', async () => {
    const stranger = await knock(service)
    stranger.write(half())
    await until(() => stranger.bytesWritten > 0 && stranger.writableLength === 0, 'the half is out')
    // The reset may overtake what was not read yet: then it is nobody's, and no rejection.
    stranger.resetAndDestroy()
    const last = await knock(service)
    last.write('garbage\n')
    await over(last)
    await until(() => rejections.items.some(({ error }) => error.code === 'ERR_TCPNET_HELLO_INVALID'), 'the last is in')
    const codes = rejections.items.map(({ error }) => error.code)
    assert.ok(codes.length <= 2 && codes.filter((code) => code === 'ERR_TCPNET_HELLO_ENDED').length <= 1, codes.join())
    last.destroy()
  })

  it('where it says nothing for five seconds', async () => {
    const before = performance.now()
    const stranger = await knock(service)
    await over(stranger)
    const tookMs = performance.now() - before
    assert.ok(tookMs > 4900 && tookMs < 12_000, `it took ${tookMs} ms`)
    assert.equal((await rejected()).error.code, 'ERR_TCPNET_HELLO_TIMEOUT')
    stranger.destroy()
  })

  it('where it brings a byte now and then: the five seconds are for the whole hello', async () => {
    const before = performance.now()
    const stranger = await knock(service)
    const bytes = helloTo(service)
    let sent = 0
    const trickle = setInterval(() => stranger.write(bytes.charAt(sent++)), 100)
    await over(stranger)
    clearInterval(trickle)
    const tookMs = performance.now() - before
    assert.ok(tookMs > 4900 && tookMs < 12_000, `it took ${tookMs} ms`)
    assert.ok(sent > 10 && sent < bytes.length)
    assert.equal((await rejected()).error.code, 'ERR_TCPNET_HELLO_TIMEOUT')
    stranger.destroy()
  })
})

describe('whoever goes without a word', () => {
  it('is nobody: no rejection', async () => {
    for (const reset of [false, true]) {
      const visitor = await knock(service)
      if (reset) visitor.resetAndDestroy()
      else visitor.end()
      await over(visitor)
      visitor.destroy()
    }
    const last = await knock(service)
    last.write('garbage\n')
    await over(last)
    assert.deepEqual(
      (await rejections.reach(1, 'the last is rejected')).map(({ error }) => error.code),
      ['ERR_TCPNET_HELLO_INVALID']
    )
    last.destroy()
  })
})

describe('many strangers at once', () => {
  /** Silent connections, so many from each of so many addresses. */
  async function crowd(addresses: number, each: number): Promise<Socket[]> {
    const sockets: Socket[] = []
    for (let host = 2; host < 2 + addresses; host++) {
      for (let n = 0; n < each; n++) sockets.push(await knock(service, `127.0.0.${host}`))
    }
    return sockets
  }

  it('of one address are let wait up to 32; an honest peer of another gets in', async () => {
    const sockets = await crowd(1, 40)
    const busy = await rejections.reach(8, 'those beyond 32 are refused')
    assert.deepEqual([...new Set(busy.map(({ error }) => error.code))], ['ERR_TCPNET_BUSY'])
    assert.deepEqual([...new Set(busy.map(({ info }) => info.remoteAddress))], ['127.0.0.2'])
    const honest = await knock(service, '127.0.0.3')
    assert.equal(await introduce(honest, helloTo(service)), 'ok')
    honest.destroy()
    for (const socket of sockets) socket.destroy()
    await until(() => service.connections.length === 1, 'the honest one is gone')
    assert.equal(rejections.items.length, 8)
  })

  it('give way to honest peers of their address once they have been silent for long, and are not counted then', async () => {
    const sockets = await crowd(1, 32)
    let answer = ''
    for (let n = 0; answer !== 'ok'; n++) {
      const early = await knock(service, '127.0.0.2')
      answer = await introduce(early, helloTo(service, { from: `A${n}` }))
      early.destroy()
    }
    for (let n = 0; n < 40; n++) {
      const honest = await knock(service, '127.0.0.2')
      assert.equal(await introduce(honest, helloTo(service, { from: `B${n}` })), 'ok', `honest peer ${n}`)
      honest.destroy()
    }
    for (const socket of sockets) socket.destroy()
    await until(() => service.connections.length === 1, 'they are all gone')
  })

  it('are let wait up to 256, for five seconds: an honest peer gets in meanwhile, by our own dial', async () => {
    const sockets = await crowd(10, 30)
    // The honest peer's own dial may be refused meanwhile.
    const ofCrowd = () => rejections.items.filter(({ info }) => info.remoteAddress !== '127.0.0.1')
    await until(() => ofCrowd().length === 44, 'those beyond 256 are refused')
    const honest = await cluster.member()
    await connection(service, honest)
    await Promise.all(sockets.map(over))
    await until(() => ofCrowd().length === 300, 'each is rejected once')
    // On a machine so slow that the first have been silent for long when the last come, those give way to these.
    const timedOut = ofCrowd().filter(({ error }) => error.code === 'ERR_TCPNET_HELLO_TIMEOUT')
    // One of them may make room for the honest peer's own dial.
    assert.ok(timedOut.length >= 255 && ofCrowd().every(({ error }) => /BUSY|TIMEOUT/.test(error.code)))
    for (const socket of sockets) socket.destroy()
    await closed(honest)
    await until(() => service.connections.length === 1, 'the honest one is gone')
    assert.equal(ofCrowd().length, 300)
  })

  it('that each bring 10 MB without a newline, one after the other, leave no memory behind', async () => {
    const bytes = Buffer.alloc(10_000_000, 'x')
    const before = process.memoryUsage.rss()
    for (let n = 1; n <= 50; n++) {
      const stranger = await knock(service)
      stranger.write(bytes)
      await over(stranger)
      stranger.destroy()
      await rejections.reach(n, 'it is rejected')
    }
    const grownMiB = (process.memoryUsage.rss() - before) / 1024 / 1024
    assert.ok(grownMiB < 64, `500 MB have left ${grownMiB} MiB`)
    assert.equal(rejections.items.length, 50)
  })
})
