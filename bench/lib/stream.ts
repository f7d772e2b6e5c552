// One of two ends of connections through which bytes are sent: one connection of each kind, all between the same two
// processes. It reads commands on standard input.
//   stream.js sink|source PLAN
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { tcpnet } from 'tcpnet'
import { settingsOf } from './settings.js'
import type { StreamCommand, StreamPlan } from './stream-plan.js'

const CHUNK = Buffer.alloc(64 * 1024, '-')

const role = process.argv[2]
const plan = JSON.parse(process.argv[3] ?? '{}') as StreamPlan
const sockets = new Map<string, Socket>()

const input = createInterface({ input: process.stdin })
input.on('line', async (line) => print(await obey(JSON.parse(line) as StreamCommand)))
input.on('close', () => process.exit(0))

if (role === 'sink') {
  const server = createServer(consume)
  server.listen(() => print({ port: (server.address() as AddressInfo).port }))
}
for (const [kind, settings] of Object.entries(plan.services)) {
  const service = tcpnet(settingsOf({ ...settings, name: `s-${kind}` }), (socket) => add(kind, socket))
  service.listen()
}

async function obey(command: StreamCommand): Promise<unknown> {
  switch (command.do) {
    case 'dial':
      add(command.kind, await dial(command.kind, command.like, command.port))
      return null
    case 'send':
      return { ms: await send(sockets.get(command.kind)) }
  }
}

function add(kind: string, socket: Socket): void {
  if (role === 'sink') consume(socket)
  sockets.set(kind, socket)
  print({ connected: kind })
}

/** A bare connection to the remote address of another one. */
function dial(kind: string, like: string, port: number): Promise<Socket> {
  const host = sockets.get(like)?.remoteAddress
  if (host === undefined) throw new Error(`${kind}: there is no connection ${like}`)
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(socket)).on('error', reject)
  })
}

/** Counts received bytes, and answers each `plan.bytes` with one byte. */
function consume(socket: Socket): void {
  let left = plan.bytes
  socket.on('data', (chunk) => {
    left -= chunk.length
    if (left > 0) return
    left += plan.bytes
    socket.write('.')
  })
}

/** Milliseconds from the first written byte to the answer to the last one. */
async function send(socket: Socket | undefined): Promise<number> {
  if (socket === undefined) throw new Error('there is no such connection')
  const start = performance.now()
  const answered = new Promise<void>((resolve) => socket.once('data', () => resolve()))
  for (let left = plan.bytes; left > 0; left -= CHUNK.length) {
    if (!socket.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK)) {
      await new Promise((resolve) => socket.once('drain', resolve))
    }
  }
  await answered
  return performance.now() - start
}

function print(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
