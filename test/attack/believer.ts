// Measures what services that do not exist cost a mesh that sees them as fast as it can process them. Its one argument
// is their number. It prints a line of JSON: the memory in use before, while they are announced, and afterwards. Run
// with --expose-gc.
import { createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { healing } from '#tcpnet/discovery/drivers/healing.js'
import type { Location, SessionEvent } from '#tcpnet/discovery/session.js'
import { interfaceOf } from '#tcpnet/net/addresses.js'
import { listen, portOf, TestMesh } from '../support/test-mesh.js'

/** Milliseconds for which the false peers are dialed before memory is measured. Each dial takes a tenth of that. */
const DIALING_MS = 1000

/**
 * Bytes in use after a garbage collection, and the resident memory of the process, which depends mostly on how V8
 * manages its heap.
 */
interface Memory {
  readonly bytes: number
  readonly rss: number
}

export interface Cost {
  readonly before: Memory
  readonly known: number
  readonly during: Memory
  readonly after: Memory
}

const count = Number(process.argv[2])
const held = new Set<Socket>()
const silent = createServer((socket) => {
  held.add(socket.on('error', () => {}).on('close', () => held.delete(socket)))
})
await listen(silent)
const port = portOf(silent)

const lo = interfaceOf('127.0.0.1')?.index ?? 0
const believer: TestMesh = new TestMesh(
  { slowAfterMs: 100 },
  { locate: (uuid, signal) => discovery.locate(uuid, signal) }
)
const { mesh, uuid } = believer
let tell: (event: SessionEvent) => void = () => {}
const discovery = healing((_announcement, onEvent) => {
  tell = onEvent
  return {
    giveUp: () => true,
    close: (done) => done(),
    setAddresses: () => {},
    locate: (uuid, done) => {
      const answer = globalThis.setImmediate(() => done(locationOf(Number.parseInt(uuid.slice(1, 9), 16))))
      return () => clearImmediate(answer)
    }
  }
})(
  {
    name: 'believer',
    uuid,
    port: 1,
    probe: false,
    txt: { v: '1', sec: 'none' },
    interfaceIndex: 0,
    address: null
  },
  {
    announced: () => {},
    failed: (error) => {
      throw error
    },
    seen: (uuid) => mesh.seen(uuid),
    gone: (uuid) => mesh.gone(uuid),
    hint: () => {},
    online: () => {},
    offline: () => {}
  }
)

function memory(): Memory {
  globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { bytes: heapUsed + external, rss }
}

/** The location of a false instance. */
function locationOf(n: number): Location {
  const addresses = [`127.0.${n >> 8}.${n & 255}`, `127.1.${n >> 8}.${n & 255}`]
  return {
    host: `host-${n}.local`,
    port: n % 2 === 0 ? port : 9,
    txt: ['v=1', 'sec=none'],
    paths: addresses.map((address) => ({ interfaceIndex: lo, family: 4, address, origin: 'unknown' }))
  }
}

function tellAll(type: 'seen' | 'gone'): void {
  for (let n = 0; n < count; n++) tell({ type, uuid: (2 ** 32 + n).toString(16).toUpperCase().repeat(3) })
}

tell({ type: 'announced' })
const before = memory()
tellAll('seen')
await setTimeout(DIALING_MS)
const known = mesh.peers().size
const during = memory()
tellAll('gone')
while (mesh.peers().size > 0) await setTimeout(10)
const after = memory()
console.log(JSON.stringify({ before, known, during, after } satisfies Cost))

await discovery.close()
await believer.close()
silent.close()
for (const socket of held) socket.destroy()
