// A node of a full mesh of bare sockets, with which the benchmarks compare the nodes of tcpnet. It is given the
// addresses of all nodes, unlike nodes on a real network.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { BareCommand } from './bare-protocol.js'

const sockets: Socket[] = []
let changed: () => void = () => {}

const server = createServer(hold)
server.listen(() => print({ port: (server.address() as AddressInfo).port }))
const input = createInterface({ input: process.stdin })
input.on('line', async (line) => print(await obey(JSON.parse(line) as BareCommand)))
input.on('close', () => process.exit(0))

async function obey({ at, targets, peers }: BareCommand): Promise<{ joinedMs: number }> {
  await delay(at - (performance.timeOrigin + performance.now()))
  const start = performance.now()
  for (const { host, port } of targets) {
    const socket = connect(port, host, () => hold(socket))
  }
  while (sockets.length < peers) await new Promise<void>((resolve) => (changed = resolve))
  return { joinedMs: performance.now() - start }
}

function hold(socket: Socket): void {
  socket.on('error', () => {})
  sockets.push(socket)
  changed()
}

function print(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
