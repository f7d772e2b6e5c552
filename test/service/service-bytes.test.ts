import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, describe, it } from 'node:test'
import type { PeerSocket, Service } from '#tcpnet/index.js'
import { Cluster, connection } from '../support/cluster.js'
import { next, Tally, within } from '../support/wait.js'

let cluster = new Cluster()
afterEach(async () => {
  const old = cluster
  cluster = new Cluster()
  await old.close()
})

/** Two connected services whose listeners for `connection` were added before `listen()`. */
async function pair(onConnection: (socket: PeerSocket, service: Service) => void): Promise<[PeerSocket, PeerSocket]> {
  const [a, b] = [cluster.make(), cluster.make()]
  for (const service of [a, b]) service.on('connection', (socket) => onConnection(socket, service)).listen()
  return connection(a, b)
}

/** The first `count` bytes of a socket. */
async function read(socket: PeerSocket, count: number): Promise<Buffer> {
  const chunks = new Tally<Buffer>()
  const enough = new Promise<void>((resolve) => {
    let length = 0
    socket.on('data', (chunk: Buffer) => {
      chunks.add(chunk)
      length += chunk.length
      if (length >= count) resolve()
    })
  })
  await within(enough, `${count} bytes do not come`)
  return Buffer.concat(chunks.items)
}

describe('data written in the listener for connection', () => {
  it('arrives at the other side, in both directions, and nothing else arrives', async () => {
    const sockets = await pair((socket, service) => socket.write(`from ${service.uuid}`))
    const [near, far] = sockets
    const [atNear, atFar] = await Promise.all([read(near, 37), read(far, 37)])
    assert.equal(atNear.toString(), `from ${near.peer.uuid}`)
    assert.equal(atFar.toString(), `from ${far.peer.uuid}`)
  })

  it('arrives if the other side adds its listener for data much later', async () => {
    const [near, far] = await pair((socket) => {
      socket.write('{"tcpnet":1}\n')
      socket.write(Buffer.alloc(100_000, 'x'))
    })
    await next(await cluster.member(), 'connection')
    for (const socket of [near, far]) {
      const bytes = await read(socket, 100_013)
      assert.equal(bytes.subarray(0, 13).toString(), '{"tcpnet":1}\n')
      assert.equal(bytes.length, 100_013)
    }
  })

  it('may be followed by end(): the other side reads all of it', async () => {
    const texts = new Tally<string>()
    const [a, b] = [cluster.make(), cluster.make()]
    a.once('connection', (socket) => socket.end('farewell'))
    b.once('connection', async (socket) => {
      let text = ''
      for await (const chunk of socket) text += chunk
      texts.add(text)
    })
    for (const service of [a, b]) service.listen()
    assert.deepEqual(await texts.reach(1, 'b does not read to the end'), ['farewell'])
  })
})

describe('a socket', () => {
  it('has its peer as a read-only property', async () => {
    const [near] = await pair(() => {})
    assert.throws(() => Object.assign(near, { peer: {} }), TypeError)
    assert.throws(() => Object.assign(near.peer, { uuid: 'X' }), TypeError)
  })

  it('is handed over in the state of a new socket: nothing reads it', async () => {
    const flowing: unknown[] = []
    await pair((socket) => flowing.push(socket.readableFlowing))
    assert.deepEqual(flowing, [null, null])
  })

  it('has no listeners or timers left from the hello', async () => {
    const counts: unknown[] = []
    await pair((socket) => {
      counts.push(['readable', 'data', 'connect', 'timeout'].map((event) => socket.listenerCount(event)))
      assert.equal(socket.timeout ?? 0, 0)
    })
    const none = [0, 0, 0, 0]
    assert.deepEqual(counts, [none, none])
  })

  it('can be paused and resumed', async () => {
    const [near, far] = await pair(() => {})
    const bytes = randomBytes(3_000_000)
    const chunks: Buffer[] = []
    let pauses = 0
    const whole = new Promise<void>((resolve) => {
      far.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        if (chunks.reduce((sum, { length }) => sum + length, 0) === bytes.length) resolve()
        far.pause()
        pauses++
        setImmediate(() => far.resume())
      })
    })
    near.write(bytes)
    await within(whole, 'not all bytes come')
    assert.ok(pauses > 1)
    assert.ok(Buffer.concat(chunks).equals(bytes))
  })

  it('may have a text encoding, and be corked', async () => {
    const [near, far] = await pair((socket) => socket.setEncoding('utf8'))
    const text = '漢字🙂'.repeat(50_000)
    near.cork()
    for (const part of text) near.write(part)
    near.uncork()
    near.end()
    let received = ''
    for await (const chunk of far) received += chunk
    assert.ok(received === text)
  })
})

describe('large transfers', () => {
  const SIZE = 16 * 1024 * 1024

  async function send(socket: PeerSocket): Promise<string> {
    const hash = createHash('sha256')
    const block = randomBytes(1 << 16)
    for (let sent = 0; sent < SIZE; sent += block.length) {
      block.writeUInt32LE(sent, 0)
      const copy = Buffer.from(block)
      hash.update(copy)
      if (!socket.write(copy)) await next(socket, 'drain', 60_000)
    }
    socket.end()
    return hash.digest('hex')
  }

  async function receive(socket: PeerSocket): Promise<string> {
    const hash = createHash('sha256')
    // By default an iterator destroys the socket at the other side's end, while this side may still write.
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) hash.update(chunk)
    return hash.digest('hex')
  }

  it('arrive unaltered in both directions at once', async () => {
    const [near, far] = await pair((socket) => {
      socket.allowHalfOpen = true
    })
    const [sentNear, sentFar, atNear, atFar] = await within(
      Promise.all([send(near), send(far), receive(near), receive(far)]),
      'not everything arrives',
      120_000
    )
    assert.equal(atFar, sentNear)
    assert.equal(atNear, sentFar)
  })
})
