// Many processes with the driver embedded on one host, and more on another whose avahi-daemon starts among them and is killed: one full
// mesh, no conflict, and not more packets than the link can bear. A process that is killed is forgotten.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countPackets, packetCounts } from '../../bench/lib/packets.js'
import { type Host, sharedLab, skipWithoutLab, until } from '../lab/index.js'
import { closeAll, fullMesh, meshTime } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { WHOLE } from '../support/long.js'

const [CROWD, LATE] = WHOLE ? [20, 10] : [6, 4]
const MESH_MS = 120_000
/** A PTR record lives 120 s, and ends sooner where others ask for it in vain (RFC 6762 §10.4). */
const FORGOTTEN_MS = 125_000
/** What one process may send in one second on both families: questions, and an announcement or answer in each fifth of it. */
const PER_PROCESS = 12
const SETTINGS = { name: 'crowd', driver: 'embedded' }

const shared = sharedLab(async (lab) => {
  const [crowded, late] = await lab.hosts(['crowded', 'late'], { avahi: false })
  return { crowded, late }
})

/** Packets of multicast DNS that hosts send, in each second until it is stopped. */
class Rate {
  readonly #hosts: readonly Host[]
  readonly #timer: NodeJS.Timeout
  readonly #totals: number[] = []
  #looking: Promise<unknown> = Promise.resolve()

  private constructor(hosts: readonly Host[]) {
    this.#hosts = hosts
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look())
    }, 1000)
  }

  static async of(hosts: readonly Host[]): Promise<Rate> {
    for (const host of hosts) await countPackets(host)
    return new Rate(hosts)
  }

  async stop(): Promise<{ most: number; total: number }> {
    clearInterval(this.#timer)
    await this.#looking
    await this.#look()
    const [first = 0] = this.#totals
    const seconds = this.#totals.map((total, i) => total - (this.#totals[i - 1] ?? first))
    return { most: Math.max(...seconds), total: (this.#totals.at(-1) ?? first) - first }
  }

  async #look(): Promise<void> {
    const { daemonsOut, questionsOut, answersOut } = await packetCounts(this.#hosts)
    this.#totals.push(daemonsOut + questionsOut + answersOut)
  }
}

async function isForgotten(nodes: readonly Node[], uuid: string): Promise<boolean> {
  const known = await Promise.all(nodes.map((node) => node.peers()))
  return known.every((peers) => !peers.some((peer) => peer.uuid === uuid))
}

test(`${CROWD} processes on one host and ${LATE} on another, whose daemon comes and is killed`, {
  skip: skipWithoutLab
}, async (t) => {
  const { crowded, late } = shared.hosts
  const rate = await Rate.of([crowded, late])
  const start = (host: Host, count: number) =>
    Promise.all(Array.from({ length: count }, () => Node.start(host, SETTINGS)))
  const nodes = await start(crowded, CROWD)
  nodes.push(...(await start(late, LATE / 2)))
  await late.dbus.start()
  await late.avahi.start()
  nodes.push(...(await start(late, LATE / 2)))
  await fullMesh(nodes, MESH_MS)
  t.diagnostic(`a full mesh ${meshTime(nodes)} ms after the start of the last`)
  await late.avahi.kill()
  // Met while the daemon is gone.
  nodes.push(await Node.start(late, SETTINGS))
  await fullMesh(nodes, MESH_MS)
  const { most, total } = await rate.stop()
  t.diagnostic(`${total} packets, at most ${most} in a second, of ${nodes.length} processes`)
  assert.ok(most <= nodes.length * PER_PROCESS, `${most} packets in a second`)
  for (const { ledger } of nodes) {
    // Errors of the service itself: of a dial there may be one where so many processes share too few processors.
    const ended = [...ledger.all('error').filter(({ peer }) => peer === null), ...ledger.all('closed')]
    assert.deepEqual(ended, [], JSON.stringify(ended))
  }
  const complaints = late.avahi.log.split('\n').filter((line) => /conflict|collision|invalid/i.test(line))
  assert.deepEqual(complaints, [])

  const [victim, ...others] = nodes
  assert.ok(victim !== undefined)
  const { uuid } = victim
  await victim.process.kill()
  await until(() => others.every(({ ledger }) => !ledger.open.has(uuid)), 'a killed process stays connected', 10_000)
  if (WHOLE) {
    const killed = Date.now()
    await until(() => isForgotten(others, uuid), 'a killed process is still announced', FORGOTTEN_MS)
    t.diagnostic(`a killed process is forgotten after ${Date.now() - killed} ms`)
  }
  await closeAll(others)
})
