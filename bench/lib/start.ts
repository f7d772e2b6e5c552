// A process that starts like an application, up to a point: it prints its costs there, and runs until it is killed.
//   start.js node|import|require|server|memory|avahi
import { writeSync } from 'node:fs'
import type { Server } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Service } from 'tcpnet'
import type { Started } from './start-report.js'

/** Milliseconds of a timer that keeps the process alive, longer than any benchmark. */
const DAY_MS = 86_400_000
/** Turns of the event loop after an import: more than it takes for work that it has left, which is part of its cost. */
const TURNS = 20
/** Objects that must not be freed. */
const held: unknown[] = []

const reach: Record<string, () => Promise<unknown>> = {
  node: async () => undefined,
  import: () => import('tcpnet'),
  require: async () => process.getBuiltinModule('node:module').createRequire(import.meta.url)('tcpnet'),
  server: async () => listening((await import('node:net')).createServer().listen(0, '127.0.0.1')),
  memory: async () => {
    const { tcpnet } = await import('tcpnet')
    return listening(tcpnet({ name: 'bench-start', driver: 'memory' }).listen(0, '127.0.0.1'))
  },
  avahi: async () => {
    const { tcpnet } = await import('tcpnet')
    return listening(tcpnet({ name: 'bench-start', driver: 'avahi' }).listen())
  }
}

held.push(await reach[process.argv[2] ?? '']?.())
for (let turn = 0; turn < TURNS; turn++) await setImmediate()
const ms = performance.now()
const { user, system } = process.cpuUsage()
// Not console.log, which loads node:net if standard output is a pipe.
writeSync(1, `${JSON.stringify({ ms, cpuMs: (user + system) / 1000 } satisfies Started)}\n`)
setInterval(() => held.length, DAY_MS)

function listening<T extends Server | Service>(server: T): Promise<T> {
  return new Promise((resolve) => (server as Server).once('listening', () => resolve(server)))
}
