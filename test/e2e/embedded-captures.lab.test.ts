// Sends the same packets to two hosts: one announces its service with avahi-daemon, the other with the driver embedded. Their answers
// must equal the captures; docs/embedded.md explains the differences. TCPNET_WRITE_CAPTURES=1 writes the captures.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Host, type Program, sharedLab, skipWithoutLab } from '../lab/index.js'
import type { Response, Turn } from '../programs/asker.js'
import { Node } from '../programs/node-client.js'
import { WHOLE } from '../support/long.js'
import { transcriptOf } from '../support/transcript.js'
import { type Asked, QUESTIONS } from './questions.js'

const ASKER = fileURLToPath(new URL('../programs/asker.js', import.meta.url))
const folder = new URL('../../../test/e2e/captures/', import.meta.url)
/** In the short form: the driver alone, and only packets that need sockets. */
const NAMES = WHOLE
  ? Object.keys(QUESTIONS)
  : ['one-shot-qu', 'qu', 'more-follows', 'no-such-record', 'several-questions']
/** How long a responder repeats announcements: avahi-daemon sends four, up to 4 s apart. */
const ANNOUNCED_MS = { avahi: 10_000, embedded: 2200 }
/** The pause between two turns, because no record is multicast twice in a second. */
const QUIET_MS = 1200
const WAIT_MS = 1000

const shared = sharedLab(async (lab) => {
  // One host asks each, because unicast to port 5353 is received by only one of several programs on a host.
  const [one, other, bare] = await lab.hosts(['one', 'other', 'bare'], { avahi: false })
  return { one, other, bare, daemon: await lab.host('daemon') }
})

/** A service, and the program that asks for it. */
class Witness {
  readonly #asked: Asked
  readonly #host: Host
  readonly #asker: Program

  private constructor(asked: Asked, host: Host, asker: Program) {
    this.#asked = asked
    this.#host = host
    this.#asker = asker
  }

  static async call(judge: Host, host: Host, driver: 'avahi' | 'embedded'): Promise<Witness> {
    const node = await Node.start(host, { name: `judged-${driver}`, driver })
    const { uuid, port } = node.listening
    const [hostName, pointerTtl] = driver === 'avahi' ? [host.name, 4500] : [uuid, 120]
    const asked = { type: `_judged-${driver}._tcp.local`, uuid, port, host: `${hostName}.local`, pointerTtl }
    const asker = await judge.run([process.execPath, ASKER, judge.ipv4, host.ipv4])
    await asker.line(/^ready$/, 'the asker does not start')
    return new Witness(asked, host, asker)
  }

  /** The sent packets and their answers, with placeholders, so that both hosts give the same text, and in a fixed order. */
  async ask(name: string): Promise<{ sent: string; answered: string }> {
    const sendings = QUESTIONS[name]?.(this.#asked) ?? []
    const packets = sendings.map(({ bytes, isLegacy = false, afterMs = 0 }) => ({
      base64: bytes.toString('base64'),
      isLegacy,
      afterMs
    }))
    const turn: Turn = { packets, waitMs: WAIT_MS }
    const from = this.#asker.lines.length
    this.#asker.write(JSON.stringify(turn))
    const line = await this.#asker.line(() => true, 'the asker does not end its turn', 30_000, from)
    const sent = sendings.flatMap(({ bytes, isLegacy, afterMs }) => [
      `${afterMs === undefined ? '' : `${afterMs} ms later, `}from ${isLegacy === true ? 'another port' : 'port 5353'}:`,
      ...transcriptOf(bytes)
    ])
    return { sent: this.#plain(sent), answered: this.#plain(answersOf(JSON.parse(line) as Response[])) }
  }

  #plain(lines: readonly string[]): string {
    const { uuid, host, port } = this.#asked
    const { ipv4, ipv6, ipv6LinkLocal } = this.#host
    const words: [string, string][] = [
      [host, 'HOST.local'],
      [uuid, 'UUID'],
      [uuid.toLowerCase(), 'uuid'],
      [ipv4, 'IPV4'],
      [ipv6, 'IPV6'],
      [ipv6LinkLocal, 'LINK-LOCAL'],
      [`:${port}`, ':PORT']
    ]
    const text = words.reduce((all, [from, to]) => all.replaceAll(from, to), lines.join('\n'))
    return text.replace(/, \d+ bytes/g, '').replace(/_judged-(avahi|embedded)/gi, (one) => one.slice(0, 7))
  }
}

/** The records of all answers, each once, by destination. */
function answersOf(responses: readonly Response[]): string[] {
  const lines = (['all', '5353', 'legacy port'] as const).flatMap((to) => {
    const received = responses
      .filter((one) => one.to === to)
      .map(({ base64 }) => transcriptOf(Buffer.from(base64, 'base64')))
    if (received.length === 0) return []
    const heads = received.map(([head = '']) => `  to ${to}: ${head}`)
    return [...new Set(heads), ...new Set(received.flatMap(([, ...records]) => records).sort())]
  })
  return lines.length === 0 ? ['  nothing'] : lines
}

describe('the same packets to embedded and to avahi-daemon', { skip: skipWithoutLab }, () => {
  const witnesses: { embedded?: Witness; avahi?: Witness } = {}

  before(async () => {
    const { one, other, bare, daemon } = shared.hosts
    witnesses.embedded = await Witness.call(one, bare, 'embedded')
    if (WHOLE) witnesses.avahi = await Witness.call(other, daemon, 'avahi')
    await delay(WHOLE ? ANNOUNCED_MS.avahi : ANNOUNCED_MS.embedded)
  })

  for (const name of NAMES) {
    it(name, async () => {
      const { embedded, avahi } = witnesses
      assert.ok(embedded !== undefined)
      const [ours, theirs] = await Promise.all([embedded.ask(name), avahi?.ask(name)])
      const text = `${ours.sent}\n\nembedded\n${ours.answered}\n\navahi-daemon\n`
      const file = new URL(`${name}.txt`, folder)
      if (process.env.TCPNET_WRITE_CAPTURES === '1') writeFileSync(file, `${text}${theirs?.answered}\n`)
      const capture = readFileSync(file, 'utf8')
      if (theirs === undefined) assert.equal(text, capture.slice(0, text.length))
      else assert.equal(`${text}${theirs.answered}\n`, capture)
      await delay(QUIET_MS)
    })
  }

  it('each capture has its packets', () => {
    const expected = Object.keys(QUESTIONS).map((name) => `${name}.txt`)
    assert.deepEqual(readdirSync(folder).sort(), expected.sort())
  })
})
