// An honest member as bench/attacks runs it: a process with services of a package that is built in some folder. It runs
// the commands on standard input, and measures itself.
//   member.js SETTINGS
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { PeerSocket, Service } from 'tcpnet'
import type { Listener } from '#tcpnet/discovery/discovery.js'
import type { memory as Memory } from '#tcpnet/discovery/drivers/memory.js'
import { settingsOf } from '../settings.js'
import type { MemberCommand, MemberSettings } from './member-protocol.js'
import { Meter } from './meter.js'

const { package: folder, ...settings } = JSON.parse(process.argv[2] ?? '{}') as MemberSettings
/**
 * False instances go to the driver, which the bundle of newer builds does not export: for those, modules are loaded.
 */
const code = settings.driver === 'memory' && existsSync(join(folder, 'modules')) ? 'modules' : 'dist'
const load = (file: string) => import(pathToFileURL(join(folder, code, file)).href)
const { tcpnet } = (await load('index.js')) as typeof import('tcpnet')

/** False instances that are announced in a turn of the event loop. */
const LIES_AT_ONCE = 8
/** Ignores every method that a version of the package calls. */
const deaf = new Proxy({} as Listener, { get: () => () => {} })

const services: Service[] = []
const meter = new Meter()
let connections = 0

const input = createInterface({ input: process.stdin })
input.on('line', async (line) => print(await obey(JSON.parse(line) as MemberCommand)))
input.on('close', () => process.exit(0))
print('ready')

async function obey(command: MemberCommand): Promise<unknown> {
  switch (command.do) {
    case 'listen':
      return await listen()
    case 'meet':
      while (connectionTo(command.peer) === undefined) await delay(2)
      return null
    case 'mark':
      connections = 0
      meter.mark()
      return null
    case 'reconnect':
      return { ms: await reconnect(command.peer, command.unlessFrom, command.withinMs) }
    case 'join':
      return { ms: await joinMesh(command.peer, command.withinMs) }
    case 'lie':
      return await lie(command)
    case 'figures':
      return { ...meter.figures(), connections }
  }
}

function newService(): Service {
  // The acts of strangers cause `error` and `rejected`, which are not failures here.
  return tcpnet(settingsOf(settings)).on('error', () => {})
}

async function listen(): Promise<{ uuid: string; port: number }> {
  const service = newService()
  if (services.length === 0) service.on('connection', () => connections++)
  services.push(service)
  service.listen()
  await once(service, 'listening')
  return { uuid: service.uuid, port: service.address()?.port ?? 0 }
}

function connectionTo(peer: string): PeerSocket | undefined {
  return services[0]?.connections.find((socket) => socket.peer.uuid === peer && !socket.destroyed)
}

async function reconnect(peer: string, unlessFrom: readonly string[], withinMs: number): Promise<number | null> {
  const start = performance.now()
  connectionTo(peer)?.destroy()
  const isHonest = (socket: PeerSocket | undefined) =>
    socket !== undefined && !unlessFrom.includes(socket.remoteAddress?.replace('::ffff:', '') ?? '')
  while (!isHonest(connectionTo(peer))) {
    if (performance.now() - start > withinMs) return null
    await delay(1)
  }
  return performance.now() - start
}

async function joinMesh(peer: string, withinMs: number): Promise<number | null> {
  const service = newService()
  const start = performance.now()
  const met = new Promise<number>((resolve) => {
    service.on('connection', (socket) => {
      if (socket.peer.uuid === peer) resolve(performance.now() - start)
    })
  })
  service.listen()
  const result = await Promise.race([met, delay(withinMs, null)])
  await new Promise<void>((resolve) => service.close(() => resolve()))
  return result
}

async function lie({ count, addresses, port }: Extract<MemberCommand, { do: 'lie' }>): Promise<null> {
  const { memory } = (await load('discovery/drivers/memory.js')) as { memory: typeof Memory }
  for (let n = 0; n < count; n++) {
    const uuid = `F${n.toString(16).padStart(31, '0')}`.toUpperCase()
    const address = addresses[n % addresses.length] ?? null
    const txt = { v: '1', sec: 'none' }
    memory({ name: settings.name, uuid, port, probe: false, txt, interfaceIndex: 0, address }, deaf)
    // Paced, since each is reported to all services: a cost of this driver, which is not measured.
    if (n % LIES_AT_ONCE === 0) await setImmediate()
  }
  return null
}

function print(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
