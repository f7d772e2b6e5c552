// Inbound connections that are replaced all the time do not keep peers out, and are accepted at a bounded rate.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import { CROWD_LIMITS } from '#tcpnet/mesh/crowd-limit.js'
import { decodeAnswer, encodeHello } from '#tcpnet/mesh/hello.js'
import type { Limits } from '#tcpnet/mesh/limits.js'
import { readLine } from '#tcpnet/net/line.js'
import { type Parts, TestMesh } from '../support/test-mesh.js'
import { until, within } from '../support/wait.js'

const MAX_HELLOS = 16
/** Connections of a crowd from each address at a time, and the addresses of a large crowd. */
const [AT_ONCE, MANY] = [4, 64]
const CROWD_MS = 500
/** Milliseconds after which a dropped attempt to connect is repeated (RFC 6298 §2). */
const REPEATED_MS = 1000

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function victim(limits: Partial<Limits> = {}, parts: Parts = {}): Promise<TestMesh> {
  const few = { maxHellos: MAX_HELLOS, maxHellosPerAddress: 8, silentAfterMs: 60_000, waitingMs: 0, ...limits }
  const one = await TestMesh.listening(few, parts)
  cleanUps.push(() => one.close())
  return one
}

async function knock({ port }: TestMesh, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {})
  cleanUps.push(() => socket.destroy())
  await within(once(socket, 'connect'), 'it does not connect')
  return socket
}

/** The answer to a peer's hello from an address. */
async function answer(to: TestMesh, from: string, localAddress: string): Promise<string> {
  const socket = await knock(to, localAddress)
  socket.write(
    encodeHello({
      name: 'test',
      from,
      boot: '0'.repeat(16),
      to: to.uuid,
      seq: 0,
      dial: null,
      port: null,
      keepalive: null
    })
  )
  const line = await within(new Promise((resolve) => readLine(socket, resolve)), 'it is not answered')
  const read = decodeAnswer(String(line))
  if (read instanceof Error) throw read
  return read.status === 'refused' ? `refused: ${read.reason}` : read.status
}

/** Takes all places, with connections from `addresses` addresses. */
async function crowd(to: TestMesh, addresses: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  for (let n = 0; n < MAX_HELLOS; n++) sockets.push(await knock(to, `127.0.1.${1 + (n % addresses)}`))
  // The server accepts pending connections first.
  await setImmediate()
  return sockets
}

describe('a crowd of new, silent connections', () => {
  it('waits if all places are taken, and is refused later; the place of a connection that closes goes to one that waits', async () => {
    const one = await victim({ waitingMs: 300 })
    const sockets = await crowd(one, 2)
    const since = performance.now()
    const [vain, later] = [await knock(one, '127.0.1.1'), answer(one, 'CC', '127.0.1.2')]
    sockets[1]?.destroy()
    assert.equal(await later, 'ok')
    const [line] = await within(once(vain, 'data'), 'it is not refused')
    assert.match(String(line), /"refused","reason":"busy"/)
    assert.ok(performance.now() - since >= 300, 'it did not wait')
  })

  it('loses a place to an address with fewer connections', async () => {
    const one = await victim()
    await crowd(one, 3)
    assert.equal(await answer(one, 'AA', '127.0.0.1'), 'ok')
  })

  it('loses a place to a peer at an address at which a peer was connected, and to no other if each has its own address', async () => {
    const [one, peer] = [await victim(), await victim()]
    one.announce(peer.instance)
    while (!one.connected.has(peer.uuid)) await setImmediate()
    one.connected.get(peer.uuid)?.destroy()
    await crowd(one, MAX_HELLOS)
    assert.equal(await answer(one, 'BB', '127.0.0.9'), 'refused: busy')
    assert.equal(await answer(one, 'AA', '127.0.0.1'), 'ok')
  })
})

/** Connects from an address again and again, at once after each connection that has closed, until the test is over. */
function pester({ port }: TestMesh, localAddress: string): void {
  let isOver = false
  cleanUps.push(() => {
    isOver = true
  })
  const next = () => {
    if (isOver) return
    const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {})
    cleanUps.push(() => socket.destroy())
    socket.on('connect', () => socket.end('garbage\n').resume()).on('close', next)
  }
  for (let n = 0; n < AT_ONCE; n++) next()
}

describe('a crowd of connections that end at once', {
  skip: process.platform !== 'linux' && 'the kernel of Linux alone drops attempts to connect'
}, () => {
  const { perAddress, newAddress, inAll } = CROWD_LIMITS

  it('is accepted at a bounded rate, and peers and newcomers at other addresses are accepted at once', async () => {
    const one = await victim({}, { crowd: CROWD_LIMITS })
    const since = performance.now()
    const crowd = ['127.0.1.1', '127.0.1.2']
    for (const address of crowd) pester(one, address)
    await until(() => crowd.every((address) => (one.accepts.get(address) ?? 0) > newAddress), 'there is no crowd')
    const begun = performance.now()
    assert.equal(await answer(one, 'AA', '127.0.0.9'), 'ok')
    const waited = performance.now() - begun
    assert.ok(waited < REPEATED_MS, `the newcomer's attempt was dropped: ${waited} ms`)
    await delay(CROWD_MS)
    const most = newAddress + 1 + (perAddress.perSecond * (performance.now() - since)) / 1000 + AT_ONCE
    for (const address of crowd)
      assert.ok((one.accepts.get(address) ?? 0) <= most, `${one.accepts.get(address)} of ${most}`)
  })

  it('from always new addresses is accepted at a bounded rate, and peers at once', async () => {
    const limits = { ...CROWD_LIMITS, inAll: { ...inAll, burst: 128 } }
    const one = await victim({}, { crowd: limits })
    assert.equal(await answer(one, 'AA', '127.0.0.9'), 'ok')
    const since = performance.now()
    for (let n = 0; n < MANY; n++) pester(one, `127.0.1.${n + 1}`)
    const accepted = () => [...one.accepts.values()].reduce((sum, count) => sum + count, 0)
    await until(() => accepted() > limits.inAll.burst, 'there is no crowd')
    const begun = performance.now()
    assert.equal(await answer(one, 'BB', '127.0.0.9'), 'ok')
    const waited = performance.now() - begun
    assert.ok(waited < REPEATED_MS, `the peer's attempt was dropped: ${waited} ms`)
    await delay(CROWD_MS)
    const most = limits.inAll.burst + (inAll.perSecond * (performance.now() - since)) / 1000 + MANY * AT_ONCE
    assert.ok(accepted() <= most, `${accepted()} of ${most}`)
  })
})
