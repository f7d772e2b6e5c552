// Repeatedly makes two services that connect to each other, and closes them; or does the same with bare sockets, for
// comparison. Prints the resources of the process every EVERY cycles.
//   cycle.js memory|avahi|bonjour|mdns|bare CYCLES EVERY
import { readdirSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setImmediate as immediate } from 'node:timers/promises'
import { type DriverName, type Service, tcpnet } from 'tcpnet'
import type { Holding } from './holding.js'

const [, , kind = 'memory', cycles = '1000', every = '100'] = process.argv
const cycle = kind === 'bare' ? bareCycle : () => serviceCycle(kind as DriverName)

for (let done = 0; done <= Number(cycles); done++) {
  if (done % Number(every) === 0) console.log(JSON.stringify(await holding(done)))
  await cycle()
}

async function serviceCycle(driver: DriverName): Promise<void> {
  const services = [tcpnet({ name: 'bench-leak', driver }), tcpnet({ name: 'bench-leak', driver })]
  await Promise.all(services.map(connected))
  await Promise.all(services.map((service) => new Promise<void>((resolve) => service.close(resolve))))
}

/** Listens; resolves when there is a connection. */
function connected(service: Service): Promise<void> {
  return new Promise((resolve, reject) => {
    service.once('connection', () => resolve())
    service.on('error', (error) => {
      if (error.peer === undefined) reject(error)
    })
    service.listen()
  })
}

async function bareCycle(): Promise<void> {
  const server = createServer((socket) => socket.on('end', () => socket.end()).resume())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => socket.end()).resume()
  await new Promise((resolve) => socket.on('close', resolve))
  await new Promise((resolve) => server.close(resolve))
}

async function holding(cycles: number): Promise<Holding> {
  // Closed handles are freed in the next turns of the event loop.
  for (let i = 0; i < 3; i++) {
    await immediate()
    globalThis.gc?.()
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return {
    cycles,
    rssBytes: rss,
    heapBytes: heapUsed + external,
    // Standard output is a handle that stays open.
    handles: process.getActiveResourcesInfo().length,
    descriptors: readdirSync('/proc/self/fd').length - 1,
    threads: readdirSync('/proc/self/task').length
  }
}
