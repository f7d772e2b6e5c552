// Floods the multicast DNS group. Its one argument is its plan, in JSON. It makes its packets, prints `flooding`, floods for the
// time in the plan, prints `flooded` with the number of packets sent, and ends.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, encode } from 'dns-packet'

export interface FloodPlan {
  /** The cluster's name. */
  readonly name: string
  /** The address of the interface to flood. */
  readonly address: string
  /** The uuids of live members, about which false records are sent. */
  readonly victims: readonly string[]
  /**
   * `garbage`: packets that are not messages, or nearly are. `lies`: goodbyes, cache flushes, false locations, false
   * instances. `announcements`: complete announcements of 10,000 instances that do not exist.
   */
  readonly kind: 'garbage' | 'lies' | 'announcements'
  readonly perSecond: number
  readonly forMs: number
}

const plan = JSON.parse(process.argv[2] ?? '{}') as FloodPlan
const [PORT, GROUP] = [5353, '224.0.0.251']
const TYPE = `_${plan.name}._tcp.local`
/** The number of announced instances that do not exist. */
const FALSE = 10_000
/** The number of different packets of the other kinds: encoding each anew would take longer than to send it. */
const DIFFERENT = 4000
/** Packets between two checks of the clock. */
const BATCH = 50
let seed = 12_345

function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647
  return seed % below
}

/** The uuid of a victim, or of a service that does not exist. */
function uuid(): string {
  const victim = plan.victims[random(plan.victims.length * 2)]
  return (
    victim ??
    random(2 ** 30)
      .toString(16)
      .toUpperCase()
  )
}

function lie(): Buffer {
  const one = uuid()
  const [name, host] = [`${one}.${TYPE}`, `${one}.local`]
  const ttl = random(2) * 120
  const answers: Answer[] = [
    { type: 'PTR', name: TYPE, ttl, flush: random(2) === 0, data: name },
    { type: 'SRV', name, ttl, flush: true, data: { port: 1 + random(65_535), target: host } },
    { type: 'TXT', name, ttl, flush: true, data: ['v=1', `sec=${random(100)}`] },
    { type: 'A', name: host, ttl, flush: true, data: `10.77.1.${random(256)}` }
  ]
  if (random(4) === 0) return encode({ type: 'query', questions: [{ type: 'PTR', name: TYPE }] })
  return encode({ type: 'response', answers: answers.slice(0, 1 + random(answers.length)) })
}

/** The instances that are not there, one after the other. */
function announcement(number: number): Buffer {
  const one = (0xf0000000 + number).toString(16).toUpperCase()
  const [name, host] = [`${one}.${TYPE}`, `${one}.local`]
  const answers: Answer[] = [
    { type: 'PTR', name: TYPE, ttl: 120, data: name },
    { type: 'SRV', name, ttl: 120, flush: true, data: { port: 9, target: host } },
    { type: 'TXT', name, ttl: 4500, flush: true, data: ['v=1', 'sec=none'] },
    { type: 'A', name: host, ttl: 120, flush: true, data: plan.address }
  ]
  return encode({ type: 'response', answers })
}

function garbage(): Buffer {
  if (random(2) === 0) return Buffer.from(Array.from({ length: random(200) }, () => random(256)))
  const bytes = lie()
  for (let i = 0; i < 1 + random(4); i++) bytes[random(bytes.length)] = random(256)
  return bytes.subarray(0, 12 + random(bytes.length - 12))
}

const MAKERS = { garbage, lies: lie, announcements: announcement }
const count = plan.kind === 'announcements' ? FALSE : DIFFERENT
const packets = Array.from({ length: count }, (_, i) => MAKERS[plan.kind](i))

const socket = createSocket({ type: 'udp4', reuseAddr: true })
socket.bind({ port: PORT, address: GROUP, exclusive: true })
await once(socket, 'listening')
socket.setMulticastInterface(plan.address)
socket.setMulticastTTL(255)
console.log('flooding')
const start = performance.now()
let sent = 0
for (;;) {
  const passed = performance.now() - start
  if (passed > plan.forMs) break
  if (sent > (passed / 1000) * plan.perSecond) {
    await delay(1)
    continue
  }
  for (let i = 0; i < BATCH; i++) {
    socket.send(packets[sent % count] ?? '', PORT, GROUP)
    sent++
  }
  await new Promise(setImmediate)
}
console.log(`flooded with ${sent} packets`)
socket.close()
