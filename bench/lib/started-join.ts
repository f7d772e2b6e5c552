// An application that joins as soon as it runs. It prints the milliseconds from the start of its process to its last
// connection.
//   started-join.js tcpnet SETTINGS PEERS    finds its peers
//   started-join.js bare TARGETS             bare sockets that are given all addresses
import { connect, createServer } from 'node:net'
import type { BareCommand } from './bare-protocol.js'
import type { NodeSettings } from './protocol.js'

/** The output of the program. `performance.now()` counts from the start of the process. */
export interface StartedJoin {
  readonly ms: number
}

const [, , kind, given = '', peers = '0'] = process.argv
await (kind === 'tcpnet' ? join(JSON.parse(given) as NodeSettings, Number(peers)) : connectAll(JSON.parse(given)))
console.log(JSON.stringify({ ms: performance.now() } satisfies StartedJoin))
process.exit(0)

async function join(settings: NodeSettings, missing: number): Promise<void> {
  const { tcpnet } = await import('tcpnet')
  const service = tcpnet(settings as Parameters<typeof tcpnet>[0])
  await new Promise<void>((resolve) => {
    service.on('connection', () => --missing === 0 && resolve())
    service.listen()
  })
}

async function connectAll(targets: BareCommand['targets']): Promise<void> {
  await new Promise<void>((resolve) => createServer().listen(resolve))
  await Promise.all(targets.map(({ host, port }) => new Promise<void>((resolve) => connect(port, host, resolve))))
}
