// Inbound connections that say nothing, and never get old, do not keep out those that do.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { decodeAnswer, encodeHello } from '#tcpnet/mesh/hello.js'
import { readLine } from '#tcpnet/net/line.js'
import { TestMesh } from '../support/test-mesh.js'
import { within } from '../support/wait.js'

const MAX_HELLOS = 16

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function victim(): Promise<TestMesh> {
  const one = await TestMesh.listening({ maxHellos: MAX_HELLOS, maxHellosPerAddress: 8 })
  cleanUps.push(() => one.close())
  return one
}

async function knock({ port }: TestMesh, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {})
  cleanUps.push(() => socket.destroy())
  await within(once(socket, 'connect'), 'it does not connect')
  return socket
}

/** What a peer's hello from an address is answered with. */
async function answer(to: TestMesh, from: string, localAddress: string): Promise<string> {
  const socket = await knock(to, localAddress)
  socket.write(encodeHello({ name: 'test', from, boot: '0'.repeat(16), to: to.uuid, seq: 0, dial: null, port: null }))
  const line = await within(new Promise((resolve) => readLine(socket, resolve)), 'it is not answered')
  const read = decodeAnswer(String(line))
  if (read instanceof Error) throw read
  return read.status === 'refused' ? `refused: ${read.reason}` : read.status
}

/** Takes all places, from so many addresses. */
async function crowd(to: TestMesh, addresses: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  for (let n = 0; n < MAX_HELLOS; n++) sockets.push(await knock(to, `127.0.1.${1 + (n % addresses)}`))
  // What has arrived is taken by the server first.
  await setImmediate()
  return sockets
}

describe('a crowd of connections that are new and say nothing', () => {
  it('gives a place to an address with fewer of them', async () => {
    const one = await victim()
    await crowd(one, 3)
    assert.equal(await answer(one, 'AA', '127.0.0.1'), 'ok')
  })

  it('gives a place to a peer at an address at which one was connected, and to no other where each is at its own', async () => {
    const [one, peer] = [await victim(), await victim()]
    one.announce(peer.instance)
    while (!one.connected.has(peer.uuid)) await setImmediate()
    one.connected.get(peer.uuid)?.destroy()
    const since = performance.now()
    await crowd(one, MAX_HELLOS)
    const stranger = await answer(one, 'BB', '127.0.0.9')
    assert.equal(await answer(one, 'AA', '127.0.0.1'), 'ok')
    // On a machine that takes a second for this they are no longer new.
    if (performance.now() - since < 1000) assert.equal(stranger, 'refused: busy')
  })
})
