// A node of a mesh as the tests run it on a host: it prints a line for every event of its services, and handles the
// requests on standard input. After the last service's `close` only the library could keep it alive.
import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { type PeerSocket, type Service, type Settings, tcpnet } from 'tcpnet'
import { Echo } from './echo.js'
import { LoopWatch } from './loop-watch.js'

import type { Answer, Command, End, NodeEvent, NodeSettings, PeerReport, ServiceEvent, Stats } from './protocol.js'

const {
  services: count = 1,
  port,
  address,
  errorHandlers = true,
  echo: withEcho = false,
  ...rest
} = JSON.parse(process.argv[2] ?? '{}') as NodeSettings
const services = Array.from({ length: count }, () => tcpnet(rest as Settings))
const loop = new LoopWatch()
let open = count

services.forEach(report)
readLines(process.stdin, (line) => obey(JSON.parse(line) as Command))
// The test has ended.
process.stdin.on('end', () => process.exit(1))

function report(service: Service, number: number): void {
  const connections = () => service.connections.map((socket) => socket.peer.uuid)

  service.on('listening', () => {
    const { port, addresses } = service.address() ?? { port: 0, addresses: [] }
    tell(number, { event: 'listening', uuid: service.uuid, port, addresses, driver: service.driver })
  })
  service.on('connection', (socket) => {
    const end = endOf(socket)
    let error: string | null = null
    tell(number, { event: 'connection', ...end, connections: connections() })
    if (errorHandlers) socket.on('error', (err) => (error = codeOf(err)))
    const onAltered = (expected: string, got: string) =>
      tell(number, { event: 'altered', peer: end.peer, expected, got })
    const echo = withEcho ? new Echo(socket, onAltered) : null
    socket.on('close', () =>
      tell(number, { event: 'closed', ...end, error, echoed: echo?.answered ?? 0, connections: connections() })
    )
    readLines(socket, echo?.onLine ?? ((text) => tell(number, { event: 'text', peer: end.peer, text })))
  })
  if (errorHandlers) {
    service.on('error', (err) =>
      tell(number, { event: 'error', code: codeOf(err), message: err.message, peer: err.peer?.uuid ?? null })
    )
  }
  service.on('rejected', (err, info) =>
    tell(number, {
      event: 'rejected',
      code: err.code,
      from: plain(info.remoteAddress) ?? null,
      uuid: info.uuid ?? null
    })
  )
  service.on('offline', (err) => tell(number, { event: 'offline', code: codeOf(err), message: err.message }))
  service.on('online', () => tell(number, { event: 'online' }))
  service.on('close', () => {
    tell(number, { event: 'close', heldMs: loop.longestMs })
    open--
    if (open === 0) process.stdin.destroy()
  })
}

async function obey(command: Command): Promise<void> {
  const service = services[command.service]
  if (service === undefined) throw new RangeError(`there is no service ${command.service}`)
  const value = command.ask === 'stats' ? await stats() : answer(service, command)
  print({ reply: command.id, ...(value === undefined ? {} : { value }) })
}

function answer(service: Service, command: Exclude<Command, { ask: 'stats' }>): Answer['value'] {
  switch (command.ask) {
    case 'listen':
      loop.reset()
      tell(command.service, { event: 'opening' })
      service.listen({ port, address })
      return
    case 'close':
      service.close()
      return
    case 'send':
      connectionTo(service, command.peer).write(`${command.text}\n`)
      return
    case 'pause':
    case 'resume':
      connectionTo(service, command.peer)[command.ask]()
      return
    case 'end':
      connectionTo(service, command.peer).end()
      return
    case 'destroy':
      // Skips connections that have ended meanwhile.
      for (const socket of [...service.connections]) {
        if (command.peer === undefined || socket.peer.uuid === command.peer) socket.destroy()
      }
      return
    case 'driver':
      return service.driver
    case 'peers':
      return [...service.peers.values()].map(
        ({ uuid, state, announced, host, port, addresses, failures, error }): PeerReport => ({
          uuid,
          state,
          announced,
          host,
          port,
          addresses: [...addresses],
          failures,
          error: error?.message ?? null
        })
      )
  }
}

async function stats(): Promise<Stats> {
  const { longestMs: heldMs, mostWorkMs: workMs } = loop
  // Objects that the first collection frees may keep others until their handles are closed.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await setImmediate()
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  const resources = process.getActiveResourcesInfo()
  loop.reset()
  return { heapBytes: heapUsed + external, rssBytes: rss, resources, heldMs, workMs }
}

function connectionTo(service: Service, uuid: string): PeerSocket {
  const socket = service.connections.find(({ peer }) => peer.uuid === uuid)
  if (socket === undefined) throw new Error(`there is no connection to ${uuid}`)
  return socket
}

/** Not node:readline, which handles the errors of the stream. */
function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(onLine)
  })
}

function endOf(socket: PeerSocket): End {
  const { peer, localAddress, localPort, remoteAddress, remotePort } = socket
  return {
    peer: peer.uuid,
    local: `${plain(localAddress)}:${localPort}`,
    remote: `${plain(remoteAddress)}:${remotePort}`
  }
}

/** An address without its scope, and IPv4-mapped IPv6 addresses in IPv4 form (RFC 4291 §2.5.5.2). */
function plain(address: string | undefined): string | undefined {
  return address?.replace(/%.*/, '').replace(/^::ffff:(?=\d+\.)/, '')
}

function codeOf(error: Error): string | null {
  return 'code' in error ? String(error.code) : null
}

function tell(service: number, event: ServiceEvent): void {
  print({ ...event, service, at: performance.timeOrigin + performance.now() })
}

function print(line: NodeEvent | Answer): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
