// The driver over real sockets on the loopback interface: several processes, interfaces that change, and a machine that
// was asleep.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { after, afterEach, describe, it } from 'node:test'
import type { Answer, DecodedPacket } from 'dns-packet'
import { decode } from 'dns-packet'
import type { InterfaceAddress } from '#tcpnet/addon.js'
import type { Discovery, Instance, Listener } from '#tcpnet/discovery/discovery.js'
import { embeddedOver } from '#tcpnet/discovery/drivers/embedded/embedded-discovery.js'
import { SOCKET_SYSTEM } from '#tcpnet/discovery/drivers/embedded/link-socket.js'
import { Network } from '#tcpnet/discovery/drivers/embedded/network.js'
import type { NetworkOptions } from '#tcpnet/discovery/drivers/embedded/network-options.js'
import { interfaceOf } from '#tcpnet/net/addresses.js'
import { randomHex } from '#tcpnet/uuid.js'
import { Tally, until } from '../../support/wait.js'

const LO: InterfaceAddress = interfaceOf('127.0.0.1') ?? assert.fail('this machine has no loopback interface')

/** What a discovery has reported: `seen BB`. */
type Reports = Tally<string> & { readonly hints: Instance[]; readonly errors: (Error & { code?: string })[] }

const open = new Set<Discovery>()
let cluster = ''

function newCluster(): void {
  cluster = `n${randomHex(6)}`
}
newCluster()
afterEach(async () => {
  for (const discovery of open) await discovery.close()
  open.clear()
  newCluster()
})

/** A service with its own network, or with one that it shares with others. */
function service(
  uuid: string,
  options: Partial<NetworkOptions> | Network = {},
  hasMet = () => false
): { reports: Reports; discovery: Discovery } {
  const reports: Reports = Object.assign(new Tally<string>(), { hints: [], errors: [] })
  const failed = (what: string) => (error: Error) => {
    reports.errors.push(error)
    reports.add(what)
  }
  const listener: Listener = {
    announced: () => reports.add('announced'),
    failed: failed('failed'),
    seen: (other) => reports.add(`seen ${other}`),
    gone: (other) => reports.add(`gone ${other}`),
    hint: (instance, isMutual) => {
      reports.hints.push(instance)
      reports.add(`hint ${instance.uuid} ${isMutual ? 'mutual' : 'one-sided'}`)
    },
    online: () => reports.add('online'),
    offline: failed('offline')
  }
  const network = options instanceof Network ? options : new Network(options)
  const announcement = {
    name: cluster,
    uuid,
    probe: false,
    port: 4000,
    txt: { v: '1' },
    interfaceIndex: 0,
    address: null,
    hasMet
  }
  const discovery = embeddedOver(network)(announcement, listener)
  open.add(discovery)
  return { reports, discovery }
}

function reported({ reports }: { reports: Reports }, what: string): Promise<unknown> {
  return until(() => reports.items.includes(what), `"${what}" is not reported, but ${reports.items}`)
}

/** Interfaces that the test can change. */
class Changing {
  addresses: readonly InterfaceAddress[] = [LO]
  readonly everyMs = 5
  readonly list = () => this.addresses
}

/** Receives the messages on the loopback interface that mention the current cluster, or a uuid. */
class Sniffer {
  readonly packets = new Tally<DecodedPacket>()
  readonly #socket = createSocket({ type: 'udp4', reuseAddr: true })

  async open(uuid = cluster): Promise<this> {
    this.#socket.on('message', (bytes) => {
      if (bytes.includes(cluster) || bytes.includes(uuid)) this.packets.add(decode(bytes))
    })
    this.#socket.bind({ port: 5353, address: '224.0.0.251', exclusive: true })
    await once(this.#socket, 'listening')
    this.#socket.addMembership('224.0.0.251', LO.address)
    return this
  }

  /** The addresses that were announced, or withdrawn, for a host name. */
  addresses(host: string, isGone = false): string[] {
    const answers: Answer[] = this.packets.items.flatMap((packet) => packet.answers ?? [])
    return answers.flatMap((answer) =>
      answer.type === 'A' && answer.name === host && (answer.ttl === 0) === isGone ? answer.data : []
    )
  }

  count(type: 'query' | 'response'): number {
    return this.packets.items.filter((packet) => packet.type === type).length
  }

  close(): void {
    this.#socket.close()
  }
}

describe('services over sockets', () => {
  it('open them at once if no peer was found, and else let the dials go first', async () => {
    const openAfterMs = { alone: 1, met: 3_600_000 }
    const network = new Network({ openAfterMs })
    const met = service('AA', network, () => true)
    await reported(service('BB', { openAfterMs }), 'announced')
    assert.deepEqual(met.reports.items, [])
    const alone = service('CC', new Network({ openAfterMs: { alone: 1, met: 1 } }), () => true)
    await reported(alone, 'announced')
    assert.deepEqual(met.reports.items, [])
  })

  it('expect a peer to dial that knows them, but not one that has come after their announcement', async () => {
    const older = service('AA')
    await reported(older, 'announced')
    const start = performance.now()
    service('BB')
    await reported(older, 'hint BB one-sided')
    // The second announcement is over.
    await until(() => performance.now() - start > 1200, 'time does not pass')
    service('CC')
    await reported(older, 'hint CC mutual')
  })

  it('see each other across processes, bound to the group or to all addresses', async () => {
    const scopeOf = ({ index }: InterfaceAddress) => String(index)
    const all = { system: { ...SOCKET_SYSTEM, bindTo: 'all', scopeOf } } as const
    const services = [service('AA'), service('BB', all), service('CC', all)]
    for (const [i, one] of services.entries()) {
      for (const [j, uuid] of ['AA', 'BB', 'CC'].entries()) if (i !== j) await reported(one, `seen ${uuid}`)
    }
    const [aa, bb] = services
    assert.ok(aa !== undefined && bb !== undefined)
    assert.equal((await aa.discovery.locate('BB', new AbortController().signal))?.host, 'BB.local')
    await bb.discovery.close()
    await reported(aa, 'gone BB')
  })

  it('share the sockets of a process, and see each other at once', async () => {
    const network = new Network()
    const [one, other] = [service('AA', network), service('BB', network)]
    await Promise.all([reported(one, 'seen BB'), reported(other, 'seen AA')])
    assert.deepEqual(one.reports.hints[0]?.paths[0], { interfaceIndex: LO.index, family: 4, address: '127.0.0.1' })
    await other.discovery.close()
    await reported(one, 'gone BB')
  })

  it('do not answer their own questions', async () => {
    const sniffer = await new Sniffer().open()
    const one = service('AA')
    await sniffer.packets.reach(4, 'too few messages are sent')
    await one.discovery.close()
    // Two announcements; the other packets are questions.
    assert.equal(sniffer.count('response'), 2)
    sniffer.close()
  })
})

describe('an interface', () => {
  it('that is removed makes the service offline until it is back; names stay seen meanwhile', async () => {
    const interfaces = new Changing()
    const [one, other] = [service('AA', { interfaces }), service('BB')]
    await reported(one, 'seen BB')
    interfaces.addresses = []
    await reported(one, 'offline')
    assert.equal(one.reports.errors[0]?.code, 'ERR_TCPNET_NO_INTERFACE')
    interfaces.addresses = [LO]
    await reported(one, 'online')
    // The other service is found there again.
    const found = await until(() => one.discovery.locate('BB', new AbortController().signal), 'it is not located')
    assert.equal(found.port, 4000)
    assert.deepEqual(
      one.reports.items.filter((reports) => reports.endsWith('BB')),
      ['seen BB']
    )
    assert.ok(!other.reports.items.includes('gone AA'))
  })

  it('that cannot be used does not make services wait for loopback', async () => {
    const interfaces = new Changing()
    // An address for documentation (RFC 5737), with which no socket can join a group.
    interfaces.addresses = [LO, { ...LO, index: 4711, name: 'none', loopback: false, address: '192.0.2.1' }]
    const never = { interfaces, loopbackAfterMs: 600_000 }
    const [one, other] = [service('AA', never), service('BB', { interfaces: new Changing() })]
    await reported(one, 'seen BB')
    await reported(other, 'seen AA')
    assert.deepEqual(one.reports.errors, [])
  })

  it('is needed from the start', async () => {
    const interfaces = new Changing()
    interfaces.addresses = []
    const one = service('AA', { interfaces })
    await reported(one, 'failed')
    assert.equal(one.reports.errors[0]?.code, 'ERR_TCPNET_NO_INTERFACE')
    // Nothing is announced later, although the service is not closed yet.
    const other = service('BB', { interfaces: new Changing() })
    await reported(other, 'announced')
    interfaces.addresses = [LO]
    service('CC', { interfaces })
    await reported(other, 'seen CC')
    const later = new Network({ interfaces })
    service('DD', later)
    await reported(other, 'seen DD')
    assert.ok(!other.reports.items.includes('seen AA'))
  })

  it('that changes its address announces the new one and withdraws the old one', async () => {
    const [interfaces, uuid] = [new Changing(), randomHex(16).toUpperCase()]
    const sniffer = await new Sniffer().open(uuid)
    const one = service(uuid, { interfaces })
    await reported(one, 'announced')
    await until(() => sniffer.addresses(`${uuid}.local`).includes('127.0.0.1'), 'the first address is not announced')
    interfaces.addresses = [{ ...LO, address: '127.0.0.2' }]
    await until(() => sniffer.addresses(`${uuid}.local`).includes('127.0.0.2'), 'the new address is not announced')
    await until(
      () => sniffer.addresses(`${uuid}.local`, true).includes('127.0.0.1'),
      'the old address is not withdrawn'
    )
    assert.deepEqual(one.reports.items, ['announced'])
    sniffer.close()
  })
})

it('announces and asks again if the clocks show that the machine was asleep', async () => {
  const interfaces = new Changing()
  const sniffer = await new Sniffer().open()
  let asleepMs = 0
  const one = service('AA', { interfaces, wallClock: () => performance.now() + asleepMs })
  await sniffer.packets.reach(4, 'too few messages are sent')
  await reported(one, 'announced')
  const [questions, announcements] = [sniffer.count('query'), sniffer.count('response')]
  asleepMs = 60_000
  await until(() => sniffer.count('response') > announcements, 'nothing is announced')
  await until(() => sniffer.count('query') > questions, 'nothing is asked')
  sniffer.close()
})

after(() => assert.equal(open.size, 0))
