// Announces services that do not exist, with multicast DNS packets of its own, until its standard input ends. It prints
// a line when it has announced all of them once.
//   announcer.js PLAN
import { createSocket, type RemoteInfo } from 'node:dgram'
import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, decode, encode } from 'dns-packet'
import { largeAnswer } from './large-answer.js'
import type { AnnouncerPlan } from './plans.js'

const plan = JSON.parse(process.argv[2] ?? '{}') as AnnouncerPlan
const [PORT, GROUP] = [5353, '224.0.0.251']
const TYPE = `_${plan.name}._tcp.local`
const TTL = 120
/** The most bytes of records in a packet, except for a single larger instance. */
const PACKET_BYTES = 1000
const STRINGS = Array.from({ length: plan.strings ?? 0 }, (_, n) => String.fromCharCode(97 + (n % 26)))

const socket = createSocket({ type: 'udp4', reuseAddr: true })
const instances = Array.from({ length: plan.count }, (_, n) => n)
const byName = new Map(instances.map((n) => [nameOf(n).toLowerCase(), n]))
let round = 0

function nameOf(n: number): string {
  return `F${n.toString(16).padStart(31, '0')}`.toUpperCase().concat('.', TYPE)
}

function hostOf(n: number): string {
  return `h${n % plan.hosts.length}.local`
}

function recordsOf(n: number): Answer[] {
  const [name, target] = [nameOf(n), hostOf(n)]
  const sec = plan.sec[n % plan.sec.length]
  const data = ['v=1', `sec=${sec}`, ...(plan.flapping === true ? [`turn=${round}`] : []), ...STRINGS]
  return [
    { type: 'PTR', name: TYPE, ttl: TTL, data: name },
    { type: 'SRV', name, ttl: TTL, flush: true, data: { port: plan.port, target, priority: 0, weight: 0 } },
    { type: 'TXT', name, ttl: TTL, flush: true, data }
  ]
}

function addressesOf(host: string): Answer[] {
  const addresses = plan.hosts[Number(host.slice(1, -'.local'.length))] ?? []
  return addresses.map((data) => ({ type: 'A', name: host, ttl: TTL, flush: true, data }))
}

function send(message: Buffer, to = { address: GROUP, port: PORT }): Promise<void> {
  return new Promise((resolve) => socket.send(message, to.port, to.address, () => resolve()))
}

/** Announces instances, with their hosts, in as few packets as they fit. */
async function tell(told: readonly number[], to?: RemoteInfo): Promise<void> {
  const groups = [...[...new Set(told.map(hostOf))].map(addressesOf), ...told.map(recordsOf)]
  let [answers, bytes] = [[] as Answer[], 0]
  const flush = async () => {
    if (answers.length === 0) return
    await send(encode({ type: 'response', id: 0, flags: 1024, answers }), to)
    answers = []
    bytes = 0
    await delay(plan.paceMs)
  }
  for (const group of groups) {
    const more = encode({ type: 'response', answers: group }).length
    if (bytes + more > PACKET_BYTES) await flush()
    answers.push(...group)
    bytes += more
  }
  await flush()
}

async function onMessage(message: Buffer, from: RemoteInfo): Promise<void> {
  const packet = decode(message)
  if (packet.type !== 'query' || from.address === plan.from) return
  const asked = (packet.questions ?? []).map(({ name }) => name.toLowerCase())
  const isFirstLook = from.port !== PORT && asked.includes(TYPE.toLowerCase())
  if (plan.largeAnswers !== undefined) {
    for (let n = 0; isFirstLook && n < plan.largeAnswers; n++) await send(largeAnswer(TYPE, n), from)
    return
  }
  if (isFirstLook) return await tell(instances.slice(0, 256), from)
  const known = asked.map((name) => byName.get(name)).filter((n) => n !== undefined)
  if (known.length > 0) await tell([...new Set(known)])
  for (const name of asked)
    if (/^h\d+\.local$/.test(name)) await send(encode({ type: 'response', flags: 1024, answers: addressesOf(name) }))
}

socket.on('message', (message, from) => {
  // Ignores packets that are not messages, and questions that dns-packet does not decode.
  onMessage(message, from).catch(() => {})
})
socket.bind(PORT, async () => {
  socket.addMembership(GROUP, plan.from)
  socket.setMulticastInterface(plan.from)
  socket.setMulticastTTL(255)
  if (plan.largeAnswers !== undefined) return console.log('announced')
  for (; ; round++) {
    await tell(instances)
    if (round === 0) console.log('announced')
    await delay(100)
  }
})
process.stdin.resume().on('end', () => process.exit())
