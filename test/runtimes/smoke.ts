// Run by scripts/runtimes on every runtime, as `smoke.js`, and as `smoke.js worker` in a worker thread as well: loads
// the package with import and require(), asks the addon for the interfaces, meshes two services and ends by itself.
// Prints only `ok`. It uses only the memory driver: real sockets on loopback, no packet on a network.
import { strict as assert } from 'node:assert'
import { createRequire } from 'node:module'
import { isMainThread, Worker } from 'node:worker_threads'
import { type PeerSocket, type Service, tcpnet } from 'tcpnet'
import { addon } from '#tcpnet/addon.js'
import { until } from '../support/wait.js'

const GREETING = 'hello'
const SECRET = Buffer.alloc(32, 'a secret of the cluster')

function load(): void {
  const required: unknown = createRequire(import.meta.url)('tcpnet')
  assert.equal(required, tcpnet)
  const loopback = addon()
    .interfaces()
    .filter((entry) => entry.loopback && entry.family === 4)
  assert.deepEqual(new Set(loopback.map((entry) => entry.address)), new Set(['127.0.0.1']))
}

/** Resolves when two services with a secret have connected, received each other's greeting, and closed. */
async function mesh(): Promise<void> {
  const services: Service[] = []
  const greeted = [1, 2].map(
    () =>
      new Promise<void>((resolve, reject) => {
        const service = tcpnet({ name: 'smoke', driver: 'memory', secret: SECRET }, (socket) => greet(socket, resolve))
        service.on('error', reject)
        service.listen(0, '127.0.0.1')
        services.push(service)
      })
  )
  await Promise.all(greeted)
  await destroyOne(services)
  await Promise.all(services.map((service) => new Promise<void>((resolve) => service.close(resolve))))
}

/** One side destroys the connection: `peers` of both names the side. */
async function destroyOne(services: readonly Service[]): Promise<void> {
  const [socket] = services[0]?.connections ?? []
  socket?.destroy()
  const reasonOf = ({ peers }: Service) => [...peers.values()][0]?.error?.message
  for (const [i, service] of services.entries()) {
    const reason = await until(() => reasonOf(service), 'peers gives no reason')
    assert.match(reason, i === 0 ? /: this side destroyed it/ : /: the peer ended it/)
  }
}

function greet(socket: PeerSocket, done: () => void): void {
  let heard = ''
  socket.write(GREETING)
  socket.on('data', (data) => {
    heard += data.toString()
    if (heard === GREETING) done()
  })
}

/** Resolves when the same has succeeded in a worker thread. */
function worker(): Promise<void> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL(import.meta.url))
    thread.on('error', reject)
    thread.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`the worker ended with ${code}`))))
  })
}

load()
await Promise.all([mesh(), isMainThread && process.argv[2] === 'worker' ? worker() : undefined])
if (isMainThread) console.log('ok')
