// Makes a full mesh within this process, over loopback, of services or bare sockets, and measures its memory.
//   crowd.js service|socket NODES [lines]
// With `lines`, each bare socket has listeners for `error` and `close`, and a line was sent each way, as an application
// without tcpnet would do to identify its peers.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type Service, tcpnet } from 'tcpnet'
import type { Crowd } from './crowd-report.js'

/** As long as a hello. */
const LINE = `${'-'.repeat(169)}\n`
/** Milliseconds between the end of the mesh's start and the measurement. */
const REST_MS = 500

const [, , kind = 'service', count = '100', lines] = process.argv
const nodes = Number(count)
/** Objects that must not be freed before the measurement. */
const held: (Service | Server | Socket)[] = []

// Loads the code for two nodes before the measurement starts.
await mesh(2)
const before = await memory()
const start = performance.now()
await mesh(nodes)
const meshMs = performance.now() - start
const { heapBytes, rssBytes } = await memory()
const connections = (nodes * (nodes - 1)) / 2
const report: Crowd = {
  meshMs,
  connections,
  heapBytes: (heapBytes - before.heapBytes) / connections,
  rssBytes: (rssBytes - before.rssBytes) / connections
}
console.log(JSON.stringify(report))
process.exit(0)

async function mesh(size: number): Promise<void> {
  if (kind === 'service') await serviceMesh(size)
  else await socketMesh(size)
}

function serviceMesh(size: number): Promise<void> {
  let missing = size * (size - 1)
  return new Promise((resolve) => {
    for (let i = 0; i < size; i++) {
      const service = tcpnet({ name: `crowd-${size}`, driver: 'memory' }, () => --missing === 0 && resolve())
      held.push(service)
      service.listen()
    }
  })
}

async function socketMesh(size: number): Promise<void> {
  const servers = await Promise.all(Array.from({ length: size }, listening))
  let missing = size * (size - 1)
  await new Promise<void>((resolve) => {
    const ready = () => --missing === 0 && resolve()
    for (const [i, server] of servers.entries()) {
      server.on('connection', (socket) => use(socket, ready))
      for (const other of servers.slice(0, i)) {
        const socket = connect((other.address() as AddressInfo).port, '127.0.0.1')
        socket.once('connect', () => use(socket, ready))
      }
    }
  })
}

function listening(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer()
    held.push(server)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

function use(socket: Socket, ready: () => void): void {
  held.push(socket)
  if (lines === undefined) {
    ready()
    return
  }
  let bytes = 0
  socket.on('error', () => {}).on('close', () => held.splice(held.indexOf(socket), 1))
  socket.on('data', (chunk) => {
    bytes += chunk.length
    if (bytes === LINE.length) ready()
  })
  socket.write(LINE)
}

async function memory(): Promise<{ heapBytes: number; rssBytes: number }> {
  for (let i = 0; i < 3; i++) {
    await delay(REST_MS)
    globalThis.gc?.()
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return { heapBytes: heapUsed + external, rssBytes: rss }
}
