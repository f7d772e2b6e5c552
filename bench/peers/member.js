// A member of a mesh that the benchmark `peers` measures. It loads an adapter, reads one command a line and prints one
// event a line, both in JSON. `at` of an event is the machine's monotonic clock, in milliseconds.
//   node --expose-gc member.js ADAPTER OPTIONS
//
// An adapter exports
//   packages    the npm packages that it uses
//   load        an async function of its options. It imports the packages and returns a function that joins the mesh.
//               That gets `mesh`, and may return { leave, broadcast }: leave() ends it, broadcast(data) writes to all
// and tells `mesh`
//   connected(id, link)   data can now be sent to the peer of this id: link is a stream, or has a method write(data) that
//                         returns a promise while more must not be written
//   lost(id)              the peer is gone. For a stream, its `close` tells that
//   received(bytes)       bytes of a message came. For a stream, its `data` tells that
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

const [, , name, given = '{}'] = process.argv
const { joinAtOnce = false, ...options } = JSON.parse(given)
const links = new Map()
let member
let received = 0
let expected = Number.POSITIVE_INFINITY

const mesh = {
  connected(id, link = {}) {
    if (isStream(link)) follow(id, link)
    if (links.has(id)) return
    links.set(id, link)
    tell('connected', { peer: id, count: links.size })
  },
  lost(id) {
    if (links.delete(id)) tell('lost', { peer: id, count: links.size })
  },
  received(bytes) {
    received += bytes
    if (received < expected) return
    expected = Number.POSITIVE_INFINITY
    tell('received', { bytes: received })
  }
}

const commands = {
  /** @param at when, on the monotonic clock */
  async join({ at = 0 }) {
    if (at > now()) await delay(at - now())
    tell('joining')
    member = await join(mesh)
  },
  /** From now on counts received bytes, and tells when there are so many. */
  expect({ bytes }) {
    received = 0
    expected = bytes
    tell('expecting')
  },
  /** Writes so many bytes to each peer, in chunks. */
  async send({ bytes, chunk }) {
    const data = Buffer.alloc(chunk, 'x')
    const repeat = async (write) => {
      for (let left = bytes; left > 0; left -= chunk) await write(data)
    }
    tell('sending')
    if (member?.broadcast !== undefined) await repeat(member.broadcast)
    else await Promise.all([...links.values()].map((link) => repeat((data) => writeTo(link, data))))
    tell('sent')
  },
  async usage() {
    for (let i = 0; i < 4; i++) {
      await delay(150)
      globalThis.gc?.()
    }
    const { heapUsed, external } = process.memoryUsage()
    tell('usage', { heapBytes: heapUsed + external })
  },
  async leave() {
    await member?.leave?.()
    process.exit(0)
  }
}

/** Node's, or one of streamx. */
function isStream(link) {
  return typeof link.pipe === 'function'
}

function follow(id, stream) {
  stream.on('data', (data) => mesh.received(data.length))
  stream.on('error', () => {})
  stream.on('close', () => {
    if (links.get(id) === stream) mesh.lost(id)
  })
}

function writeTo(link, data) {
  if (!isStream(link)) return link.write(data)
  return link.write(data) ? undefined : once(link, 'drain')
}

function now() {
  return Number(process.hrtime.bigint()) / 1e6
}

function tell(event, rest = {}) {
  process.stdout.write(`${JSON.stringify({ event, at: now(), ...rest })}\n`)
}

const adapter = await import(`./adapters/${name}.js`)
const join = await adapter.load(options)
// The start of the process, on the same clock.
tell('ready', { began: now() - performance.now() })
const input = createInterface({ input: process.stdin })
input.on('line', (line) => {
  const { do: what, ...rest } = JSON.parse(line)
  commands[what](rest)
})
// The benchmark has ended.
input.on('close', () => process.exit(0))
if (joinAtOnce) await commands.join({})
