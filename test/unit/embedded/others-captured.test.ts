// Messages of other implementations, as captured in the laboratory, are understood and answered as they were there.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Inbox } from '#tcpnet/discovery/drivers/embedded/inbox.js'
import { readMessage } from '#tcpnet/discovery/drivers/embedded/messages.js'
import { instanceName, serviceType } from '#tcpnet/discovery/drivers/embedded/names.js'
import { brief, LinkTrial, recordsOf } from './link-trial.js'

interface Captured {
  readonly atMs: number
  readonly from: { readonly address: string; readonly port: number }
  readonly to: string
  readonly bytes: Buffer
}

const FILE = new URL('../../../../test/unit/embedded/others/avahi.txt', import.meta.url)
const [OTHER_HOST, OWN_HOST] = ['10.77.1.2', '10.77.1.1']
const TYPE = serviceType('captured')
const [OWN, THEIRS] = ['3E6C264C9C4D113BBA02C257C1AEC7E3', 'ABCDEF']

const captured = readFileSync(FILE, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map(parsed)

function parsed(line: string): Captured {
  const [ms = '', from = '', to = '', hex = ''] = line.split(' ')
  const [address = '', port = ''] = from.split(':')
  return { atMs: Number(ms), from: { address, port: Number(port) }, to, bytes: Buffer.from(hex, 'hex') }
}

/** Replays the messages of the host with the daemon to a link on which the same service is announced. */
class Replay {
  readonly trial = new LinkTrial()

  constructor(uuid = OWN) {
    this.trial.link.browse(TYPE)
    this.trial.announced(uuid, recordsOf(uuid, { port: 4712, type: TYPE, address: OWN_HOST }))
  }

  /** Receives the messages of a span of the capture, with their timing. */
  receive(fromMs: number, toMs: number): void {
    let now = fromMs
    for (const { atMs, from, bytes } of captured) {
      if (atMs < fromMs || atMs > toMs || from.address !== OTHER_HOST) continue
      this.trial.clock.pass(atMs - now)
      now = atMs
      this.trial.receiveBytes(bytes, { ...from, isOnLink: true })
    }
    this.trial.clock.pass(toMs - now)
  }

  /** The records of the responses since the last call. */
  answers(): { readonly multicast: string[]; readonly unicast: string[] } {
    const sent = this.trial.take().filter(({ packet }) => packet.type === 'response')
    const briefs = (isUnicast: boolean) =>
      sent
        .filter(({ to }) => (to !== null) === isUnicast)
        .flatMap(({ packet }) => [...(packet.answers ?? []), ...(packet.additionals ?? [])].map(brief))
    return { multicast: briefs(false), unicast: briefs(true) }
  }
}

describe('avahi-daemon', () => {
  it('is seen with all of its records, and gone after its goodbye', () => {
    const replay = new Replay()
    replay.receive(0, 10_000)
    assert.deepEqual(replay.trial.takeReported(), [`seen ${THEIRS}`])
    const [service] = replay.trial.cache.get(instanceName(THEIRS, TYPE), 'SRV')
    assert.ok(service?.type === 'SRV')
    assert.deepEqual([service.target, service.port], ['beta.local', 4711])
    const [address] = replay.trial.cache.get('beta.local', 'A')
    assert.ok(address?.type === 'A' && address.address === OTHER_HOST)
    replay.receive(10_001, 16_000)
    assert.deepEqual(replay.trial.takeReported(), [`gone ${THEIRS}`])
  })

  it('gets an answer that defends our name when it probes for that', () => {
    const replay = new Replay(THEIRS)
    replay.receive(0, 1)
    assert.deepEqual(replay.answers().multicast.slice(0, 2), [
      `SRV ${instanceName(THEIRS, TYPE)}`,
      `TXT ${instanceName(THEIRS, TYPE)}`
    ])
  })

  it('gets no answer that is among its known answers', () => {
    const replay = new Replay()
    const query = captured.find(
      ({ from, bytes }) => from.address === OTHER_HOST && readMessage(bytes).answers.length === 2 && bytes[2] === 0
    )
    assert.ok(query !== undefined)
    replay.trial.clock.pass(2000)
    replay.trial.take()
    replay.receive(query.atMs, query.atMs)
    replay.trial.clock.pass(500)
    assert.deepEqual(replay.answers(), { multicast: [], unicast: [] })
  })
})

it('python3-zeroconf gets a unicast answer with all records of the instance for its first question', () => {
  const replay = new Replay()
  const query = captured.find(
    ({ from, bytes }) => from.address === OTHER_HOST && readMessage(bytes).questions.some(({ unicast }) => unicast)
  )
  assert.ok(query !== undefined)
  replay.receive(query.atMs, query.atMs)
  const instance = instanceName(OWN, TYPE)
  assert.deepEqual(replay.answers().unicast, [
    `PTR ${TYPE}`,
    `SRV ${instance}`,
    `TXT ${instance}`,
    `A ${OWN}.local`,
    `AAAA ${OWN}.local`
  ])
})

it('every message of the capture can be read, and most are of no interest to other clusters', () => {
  const inbox = new Inbox({ do: () => true })
  inbox.watch(TYPE)
  for (const { bytes } of captured) assert.ok(['query', 'response'].includes(readMessage(bytes).kind))
  assert.ok(captured.every(({ bytes }) => inbox.wants(bytes)))
  const other = new Inbox({ do: () => true })
  other.watch(serviceType('other'))
  // Those that may concern a host or the list of service types.
  const wanted = captured.filter(({ bytes }) => other.wants(bytes))
  assert.ok(wanted.length < captured.length / 2)
  assert.ok(wanted.every(({ bytes }) => !bytes.includes('captured') || bytes.includes('_dns-sd')))
})
