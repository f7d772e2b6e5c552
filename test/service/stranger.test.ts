// Inbound connections that do not come from a peer: each is rejected once, with a code, and disturbs nothing.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import type { PeerSocket, RejectInfo, Service, TcpnetError } from '#tcpnet/index.js'
import type { Limits } from '#tcpnet/mesh/limits.js'
import { Cluster, closed, connection } from '../support/cluster.js'
import { inUse } from '../support/in-use.js'
import { helloTo, introduce, knock, over } from '../support/raw-peer.js'
import { Tally, until, within } from '../support/wait.js'

interface Rejection {
  readonly error: TcpnetError
  readonly info: RejectInfo
}

/** A service with a connection that no stranger may disturb, and the list of its rejections. */
let cluster: Cluster
let service: Service
let undisturbed: [PeerSocket, PeerSocket]
let rejections: Tally<Rejection>

/** Starts the service. Each test begins with it. */
async function serve(limits: Partial<Limits> = {}): Promise<void> {
  cluster = new Cluster()
  rejections = new Tally()
  service = await cluster.member({ uuid: 'BB' }, limits)
  service.on('rejected', (error, info) => rejections.add({ error, info }))
  service.on('error', (error) => assert.fail(error))
  undisturbed = await connection(service, await cluster.member())
}

/** What holds after every stranger: the connection works, an honest peer can connect, nothing is left. */
afterEach(async () => {
  try {
    await isUndisturbed()
  } finally {
    await cluster.close()
  }
})

async function isUndisturbed(): Promise<void> {
  const [near, far] = undisturbed
  const heard = within(new Promise((resolve) => far.once('data', resolve)), 'the old connection is dead')
  near.write('alive')
  assert.equal(String(await heard), 'alive')
  const honest = await cluster.member()
  await connection(service, honest)
  assert.equal(service.connections.length, 2)
}

/**
 * Connects a stranger that is always rejected. Once it is, all earlier connections have been rejected, if they ever
 * are.
 */
async function lastStranger(): Promise<void> {
  const last = await knock(service)
  last.write('garbage\n')
  await over(last)
  await until(
    () => rejections.items.some(({ info }) => info.remotePort === last.localPort),
    'the last stranger is not rejected'
  )
  last.destroy()
}

/** Waits for the one rejection of a test. */
async function rejected(): Promise<Rejection> {
  const [first] = await rejections.reach(1, 'the stranger is not rejected')
  await lastStranger()
  assert.equal(rejections.items.length, 2)
  return first ?? assert.fail()
}

describe('a stranger is rejected once, and is answered with the reason', () => {
  const OTHER = '0'.repeat(32)
  const hellos: [string, Parameters<typeof helloTo>[1], string, string][] = [
    ['for another name', { name: 'other' }, 'refused: name', 'ERR_TCPNET_NAME'],
    ['for another uuid', { to: OTHER }, 'refused: not-me', 'ERR_TCPNET_NOT_ME'],
    ['from our own uuid', { from: 'bb' }, 'refused: self', 'ERR_TCPNET_SELF']
  ]
  for (const [name, change, answer, code] of hellos) {
    it(`with a hello ${name}`, async () => {
      await serve()
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
    await serve()
    const stranger = await knock(service)
    assert.equal(await introduce(stranger, helloTo(service).replace('"tcpnet":1', '"tcpnet":2')), 'refused: version')
    assert.equal((await rejected()).error.code, 'ERR_TCPNET_VERSION')
    stranger.destroy()
  })
})

const half = () => helloTo(service).slice(0, 50)

const FLOOD = Buffer.alloc(10_000_000, 'x')

/** What strangers send, and the code of the rejection. */
const STRANGERS: [string, (socket: Socket) => unknown, string][] = [
  ['garbage', (socket) => socket.write('GET / HTTP/1.1\r\n\r\n'), 'ERR_TCPNET_HELLO_INVALID'],
  ['bytes that are no text', (socket) => socket.write(Buffer.from([0xff, 0, 0xfe, 10])), 'ERR_TCPNET_HELLO_INVALID'],
  ['an empty line', (socket) => socket.write('\n'), 'ERR_TCPNET_HELLO_INVALID'],
  ['an answer', (socket) => socket.write('{"tcpnet":1,"status":"ok","seq":1}\n'), 'ERR_TCPNET_HELLO_INVALID'],
  ['a TLS handshake', (socket) => socket.write(Buffer.from('160301020001000a', 'hex')), 'ERR_TCPNET_HELLO_INVALID'],
  ['10 MB without a newline', (socket) => socket.write(FLOOD), 'ERR_TCPNET_HELLO_TOO_LONG'],
  ['half a hello and the end', (socket) => socket.end(half()), 'ERR_TCPNET_HELLO_ENDED']
]

describe('a stranger is rejected once, and its connection is closed', () => {
  const IMPATIENT = { helloTimeoutMs: 250 }

  for (const [name, send, code] of STRANGERS) {
    it(`with ${name}`, async () => {
      await serve()
      const stranger = await knock(service)
      const gone = over(stranger)
      send(stranger)
      await within(gone, 'its connection is not closed')
      const { error, info } = await rejected()
      assert.equal(error.code, code)
      assert.equal(info.uuid, undefined)
      stranger.destroy()
    })
  }

  it('with half a hello and a reset', async () => {
    await serve()
    const stranger = await knock(service)
    stranger.write(half())
    await until(() => stranger.bytesWritten > 0 && stranger.writableLength === 0, 'the half is not sent')
    // A reset discards what was not read yet. Without a byte read, no connection would be rejected.
    stranger.resetAndDestroy()
    await lastStranger()
    const codes = rejections.items.map(({ error }) => error.code)
    assert.ok(codes.length <= 2 && codes.filter((code) => code === 'ERR_TCPNET_HELLO_ENDED').length <= 1, codes.join())
  })

  it('when it sends nothing until the deadline', async () => {
    await serve(IMPATIENT)
    const before = performance.now()
    const stranger = await knock(service)
    await over(stranger)
    const tookMs = performance.now() - before
    assert.ok(tookMs > IMPATIENT.helloTimeoutMs - 50, `it took ${tookMs} ms`)
    assert.equal((await rejected()).error.code, 'ERR_TCPNET_HELLO_TIMEOUT')
    stranger.destroy()
  })

  it('when it sends a byte now and then: the deadline is for the whole hello', async () => {
    await serve(IMPATIENT)
    const stranger = await knock(service)
    const bytes = helloTo(service)
    let sent = 0
    const trickle = setInterval(() => stranger.write(bytes.charAt(sent++)), 20)
    await over(stranger)
    clearInterval(trickle)
    assert.ok(sent > 1 && sent < bytes.length, `${sent} bytes were sent`)
    assert.equal((await rejected()).error.code, 'ERR_TCPNET_HELLO_TIMEOUT')
    stranger.destroy()
  })
})

describe('a connection that ends before its first byte', () => {
  it('is not rejected, since dialers race addresses and give up dials', async () => {
    await serve()
    for (const reset of [false, true]) {
      const visitor = await knock(service)
      if (reset) visitor.resetAndDestroy()
      else visitor.end()
      await over(visitor)
      visitor.destroy()
    }
    await lastStranger()
    assert.deepEqual(
      rejections.items.map(({ error }) => error.code),
      ['ERR_TCPNET_HELLO_INVALID']
    )
  })
})

describe('many strangers at once', () => {
  /** Limits with which no connection is silent for long enough (`silentAfterMs`) to be dropped for a new one. */
  const FEW = { maxHellos: 20, maxHellosPerAddress: 6, silentAfterMs: 60_000, waitingMs: 0 }

  /** Opens silent connections, `each` from each of `addresses` addresses. */
  async function crowd(addresses: number, each: number): Promise<Socket[]> {
    const sockets: Socket[] = []
    for (let host = 2; host < 2 + addresses; host++) {
      for (let n = 0; n < each; n++) sockets.push(await knock(service, `127.0.0.${host}`))
    }
    return sockets
  }

  it('from one address may wait up to its limit; an honest peer from another address can connect', async () => {
    await serve(FEW)
    const sockets = await crowd(1, 8)
    const busy = await rejections.reach(2, 'those beyond 6 are not refused')
    assert.deepEqual([...new Set(busy.map(({ error }) => error.code))], ['ERR_TCPNET_BUSY'])
    assert.deepEqual([...new Set(busy.map(({ info }) => info.remoteAddress))], ['127.0.0.2'])
    const honest = await knock(service, '127.0.0.3')
    assert.equal(await introduce(honest, helloTo(service)), 'ok')
    honest.destroy()
    for (const socket of sockets) socket.destroy()
    await until(() => service.connections.length === 1, 'the honest peer is still there')
    assert.equal(rejections.items.length, 2)
  })

  it('are dropped for honest peers from their address after a silence, and are not counted then', async () => {
    await serve({ ...FEW, silentAfterMs: 300 })
    const sockets = await crowd(1, 6)
    let answer = ''
    for (let n = 0; answer !== 'ok'; n++) {
      const early = await knock(service, '127.0.0.2')
      answer = await introduce(early, helloTo(service, { from: `A${n}` }))
      early.destroy()
    }
    for (let n = 0; n < 8; n++) {
      const honest = await knock(service, '127.0.0.2')
      assert.equal(await introduce(honest, helloTo(service, { from: `B${n}` })), 'ok', `honest peer ${n}`)
      honest.destroy()
    }
    for (const socket of sockets) socket.destroy()
    await until(() => service.connections.length === 1, 'some of them are still there')
  })

  it('may wait up to a limit in all, until the deadline; our own dial of an honest peer succeeds meanwhile', async () => {
    await serve({ ...FEW, helloTimeoutMs: 800 })
    const sockets = await crowd(5, 5)
    // The honest peer's own dial may be refused meanwhile.
    const ofCrowd = () => rejections.items.filter(({ info }) => info.remoteAddress !== '127.0.0.1')
    await until(() => ofCrowd().length === 5, 'those beyond 20 are not refused')
    const honest = await cluster.member()
    await connection(service, honest)
    await Promise.all(sockets.map(over))
    await until(() => ofCrowd().length === 25, 'not each is rejected')
    const timedOut = ofCrowd().filter(({ error }) => error.code === 'ERR_TCPNET_HELLO_TIMEOUT')
    // One of them may make room for the honest peer's own dial.
    assert.ok(timedOut.length >= 19 && ofCrowd().every(({ error }) => /BUSY|TIMEOUT/.test(error.code)))
    for (const socket of sockets) socket.destroy()
    await closed(honest)
    await until(() => service.connections.length === 1, 'the honest peer is still there')
    assert.equal(ofCrowd().length, 25)
  })
})

describe('many strangers, one after another', () => {
  let visits = 0

  /** Each comes from an address of its own: the kernel drops what comes too fast from one. */
  async function visit(send: (socket: Socket) => unknown): Promise<void> {
    const number = visits++
    const stranger = await knock(service, `127.1.${number >> 8}.${number & 255}`)
    const gone = over(stranger)
    send(stranger)
    await gone
    stranger.destroy()
  }

  it('leave neither memory nor handles behind', async () => {
    await serve()
    // The one that sends 10 MB is left to the next test.
    const kinds = STRANGERS.filter(([, , code]) => code !== 'ERR_TCPNET_HELLO_TOO_LONG').map(([, send]) => send)
    kinds.push((socket) => socket.write(FLOOD.subarray(0, 10_000)))
    const others = [{ name: 'other' }, { to: 'CC' }, { from: 'BB' }] as const
    kinds.push(...others.map((change) => (socket: Socket) => socket.end(helloTo(service, change))))
    const round = async (times: number) => {
      for (let time = 0; time < times; time++) await Promise.all(kinds.map(visit))
      await lastStranger()
      rejections.items.length = 0
      return inUse()
    }
    const before = await round(10)
    // The bound detects a leak in 300 sockets if each takes 1200 bytes or more.
    const after = await until(async () => {
      const now = await round(30)
      return now.bytes - before.bytes < 350_000 && now.handles <= before.handles && now
    }, 'memory or handles are left')
    assert.ok(after.bytes > 0)
  })

  it('that each send 10 MB without a newline make the service keep no more than a line of each', async () => {
    await serve()
    const before = process.memoryUsage.rss()
    for (let n = 1; n <= 20; n++) {
      await visit((socket) => socket.write(FLOOD))
      await rejections.reach(n, 'it is not rejected')
    }
    const grownMiB = (process.memoryUsage.rss() - before) / 1024 / 1024
    assert.ok(grownMiB < 64, `200 MB have left ${grownMiB} MiB`)
    assert.equal(rejections.items.length, 20)
  })
})
