// A node as the benchmarks run it: it waits for a command before it listens, so that its own start is not measured.
import { subscribe } from 'node:diagnostics_channel'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { type Service, type StateChange, tcpnet } from 'tcpnet'
import type { Answer, Command, Joined, NodeSettings, Usage } from './protocol.js'
import { settingsOf } from './settings.js'

/** Milliseconds between checks of facts that no event reports. */
const LOOK_EVERY_MS = 2

const { services: count = 1, madeAtOnce = false, ...settings } = JSON.parse(process.argv[2] ?? '{}') as NodeSettings
/** Dials that failed and were reported. */
let dialErrors = 0
const services: Service[] = []
if (!madeAtOnce) makeServices()
const input = createInterface({ input: process.stdin })
input.on('line', async (line) => {
  const answer = await obey(JSON.parse(line) as Command)
  process.stdout.write(`${JSON.stringify(answer)}\n`)
})
// The benchmark has ended.
input.on('close', () => process.exit(0))
// Node loads the clock when it is first used, which must not be measured.
performance.now()
process.stdout.write('"ready"\n')

async function obey(command: Command): Promise<Answer> {
  switch (command.do) {
    case 'listen':
      if (command.at !== undefined) await delay(command.at - wallClock())
      return await listen(command.peers, command.timeline === true)
    case 'settle':
      while (!services.every((service) => hasExactly(service, command.peers))) await delay(LOOK_EVERY_MS)
      return null
    case 'usage':
      return usage()
    case 'close':
      await Promise.all(services.map((service) => new Promise<void>((resolve) => service.close(resolve))))
      return null
  }
}

function makeServices(): void {
  for (let number = 0; number < count; number++) {
    const service = tcpnet(settingsOf(settings))
    // An error of a peer does not fail the benchmark; a service that closes without a command does.
    service.on('error', (error) => {
      if (error.peer === undefined) throw error
      dialErrors++
    })
    services.push(service)
  }
}

async function listen(peers: number, withTimeline: boolean): Promise<Joined> {
  const timeline: string[] = []
  const start = performance.now()
  const since = () => performance.now() - start
  if (withTimeline) {
    subscribe('tcpnet:change', (message) => {
      const { peer, from, to, reason } = message as StateChange
      timeline.push(`${since().toFixed(1)} ms ${peer?.slice(0, 4) ?? 'self'}: ${from} -> ${to} (${reason})`)
    })
  }
  const cpu = process.cpuUsage()
  if (madeAtOnce) makeServices()
  let missing = count * peers
  let repeated = 0
  let unannounced = count
  let listeningMs: number | null = null
  await new Promise<void>((resolve) => {
    for (const service of services) {
      const met = new Set<string>()
      service.on('connection', ({ peer }) => {
        if (met.has(peer.uuid)) repeated++
        else if (met.add(peer.uuid) && --missing === 0) resolve()
      })
      service.on('listening', () => {
        if (--unannounced === 0) listeningMs = since()
      })
      service.listen()
    }
    if (missing === 0) services.at(-1)?.on('listening', resolve)
  })
  const joinedMs = since()
  const { user, system } = process.cpuUsage(cpu)
  return { joinedMs, listeningMs, cpuMs: (user + system) / 1000, dialErrors, repeated, timeline }
}

function hasExactly(service: Service, peers: number): boolean {
  return service.connections.length === peers && service.peers.size === peers
}

function usage(): Usage {
  globalThis.gc?.()
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { cpuMs: (user + system) / 1000, rssBytes: rss, heapBytes: heapUsed + external }
}

/** Milliseconds of the wall clock, with fractions. */
function wallClock(): number {
  return performance.timeOrigin + performance.now()
}
