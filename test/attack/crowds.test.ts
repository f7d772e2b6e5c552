// Silent inbound connections that are replaced all the time do not keep peers out.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { decodeAnswer, encodeHello } from '#tcpnet/mesh/hello.js'
import type { Limits } from '#tcpnet/mesh/limits.js'
import { readLine } from '#tcpnet/net/line.js'
import { TestMesh } from '../support/test-mesh.js'
import { within } from '../support/wait.js'

const MAX_HELLOS = 16

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function victim(limits: Partial<Limits> = {}): Promise<TestMesh> {
  const few = { maxHellos: MAX_HELLOS, maxHellosPerAddress: 8, silentAfterMs: 60_000, waitingMs: 0, ...limits }
  const one = await TestMesh.listening(few)
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
  socket.write(encodeHello({ name: 'test', from, boot: '0'.repeat(16), to: to.uuid, seq: 0, dial: null, port: null }))
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
    const one = await victim({ waitingMs: 1000 })
    const sockets = await crowd(one, 2)
    const since = performance.now()
    const [vain, later] = [await knock(one, '127.0.1.1'), answer(one, 'CC', '127.0.1.2')]
    sockets[1]?.destroy()
    assert.equal(await later, 'ok')
    const [line] = await within(once(vain, 'data'), 'it is not refused')
    assert.match(String(line), /"refused","reason":"busy"/)
    assert.ok(performance.now() - since >= 1000, 'it did not wait')
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
