// Announces services that do not exist, with multicast DNS packets of its own. Its one argument is its plan, in JSON.
// It prints a line for each completed step. It announces until it reads `enough`, sends goodbyes for all of them when
// it reads `goodbye`, and ends when its standard input ends.
import { createHash } from 'node:crypto'
import { createSocket, type RemoteInfo } from 'node:dgram'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { type Answer, decode, encode } from 'dns-packet'

export interface Plan {
  /** The cluster's name. */
  readonly name: string
  readonly count: number
  /** The address of the interface to announce on. */
  readonly address: string
  /** An address of its network that no host has. */
  readonly nobody: string
}

const { name, count, address, nobody } = JSON.parse(process.argv[2] ?? '{}') as Plan
const [PORT, GROUP] = [5353, '224.0.0.251']
const TYPE = `_${name}._tcp.local`
/** Records that fit a packet with room to spare. */
const EACH = 8
/** Milliseconds between packets. */
const PACE_MS = 15
/** How many instances answer a question for all of them. */
const ANSWERED = 2000
const CLOSED_PORT = 9

const instances = Array.from({ length: count }, (_, n) => {
  const uuid = createHash('md5').update(`${name}${n}`).digest('hex').toUpperCase()
  return { uuid, number: n, host: `h${n}.local` }
})
const byName = new Map(instances.flatMap((one) => [[`${one.uuid}.${TYPE}`.toLowerCase(), one] as const]))
const byHost = new Map(instances.map((one) => [one.host, one]))
const socket = createSocket({ type: 'udp4', reuseAddr: true })
const silent = createServer((connection) => connection.on('error', () => {}).resume())
let silentPort = 0
let ttl = 120
let enough = false

/** A third each: no host has the address, no program listens at the port, a program listens and stays silent. */
function recordsOf({ uuid, number, host }: (typeof instances)[number]): Answer[] {
  const kind = number % 3
  const [port, target] = [kind === 2 ? silentPort : CLOSED_PORT, kind === 0 ? nobody : address]
  const full = `${uuid}.${TYPE}`
  return [
    { type: 'PTR', name: TYPE, ttl, data: full },
    { type: 'SRV', name: full, ttl, flush: true, data: { port, target: host, priority: 0, weight: 0 } },
    { type: 'TXT', name: full, ttl, flush: true, data: ['v=1', 'sec=none'] },
    { type: 'A', name: host, ttl, flush: true, data: target }
  ]
}

/** Names, texts and addresses that a parser may handle wrongly. */
function hostile(): Answer[] {
  const names = [
    '__proto__',
    'constructor',
    'größer'.repeat(7),
    'F'.repeat(63),
    'a1',
    '\x1b[31m',
    '%s%n',
    '0',
    'toString'
  ]
  const hosts = [`${'x'.repeat(63)}.local`, '__proto__.local', '\x1b]0;lies\x07.local', '*.local', 'local']
  const texts = [Buffer.alloc(255, 0xff), '=', '=x', '__proto__=1', 'sec=\x1b[31m"\n', 'SEC=secret', 'v', 'v=2']
  const addresses = ['127.0.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', address]
  return names.flatMap((label, n): Answer[] => {
    const [full, target] = [`${label}.${TYPE}`, hosts[n % hosts.length] ?? 'local']
    const data = { port: n % 2 === 0 ? CLOSED_PORT : 0, target, priority: 0, weight: 0 }
    return [
      { type: 'PTR', name: TYPE, ttl, data: full },
      { type: 'SRV', name: full, ttl, data },
      { type: 'TXT', name: full, ttl, data: texts.slice(n % texts.length) },
      ...addresses.map((data) => ({ type: 'A', name: target, ttl, data }) as const)
    ]
  })
}

function send(answers: Answer[], to: { address: string; port: number }): Promise<void> {
  const packet = encode({ type: 'response', id: 0, flags: 1024, answers })
  return new Promise((resolve) => socket.send(packet, to.port, to.address, () => resolve()))
}

async function tellAll(told: typeof instances, to = { address: GROUP, port: PORT }): Promise<void> {
  for (let at = 0; at < told.length; at += EACH) {
    await send(told.slice(at, at + EACH).flatMap(recordsOf), to)
    // Faster packets would be lost in the receivers' buffers.
    await new Promise((resolve) => setTimeout(resolve, PACE_MS))
  }
}

function onMessage(message: Buffer, from: RemoteInfo): void {
  const packet = decode(message)
  if (packet.type !== 'query' || from.address === address) return
  const asked = (packet.questions ?? []).map((question) => question.name.toLowerCase())
  // A one-shot question of a program that has just started: the answers are unicast to it.
  if (asked.includes(TYPE) && from.port !== PORT) {
    void send(hostile(), from)
    void tellAll(instances.slice(0, ANSWERED), from)
  }
  const known = asked.map((question) => byName.get(question) ?? byHost.get(question)).filter((one) => one !== undefined)
  if (known.length > 0) void tellAll([...new Set(known)])
}

socket.on('message', (message, from) => {
  try {
    onMessage(message, from)
  } catch {
    // Not a message that dns-packet can decode.
  }
})
silent.listen(0, () => {
  silentPort = (silent.address() as { port: number }).port
  socket.bind(PORT, async () => {
    socket.addMembership(GROUP, address)
    socket.setMulticastInterface(address)
    socket.setMulticastTTL(255)
    for (let at = 0; at < hostile().length; at += EACH) {
      await send(hostile().slice(at, at + EACH), { address: GROUP, port: PORT })
    }
    // Busy daemons lose packets, so all are sent repeatedly.
    for (let round = 0; !enough; round++) {
      await tellAll(instances)
      if (round === 0) console.log('announced')
    }
  })
})
createInterface({ input: process.stdin })
  .on('line', async (command) => {
    enough = true
    if (command !== 'goodbye') return
    ttl = 0
    await send(hostile(), { address: GROUP, port: PORT })
    await tellAll(instances)
    console.log('said goodbye')
  })
  .on('close', () => process.exit())
