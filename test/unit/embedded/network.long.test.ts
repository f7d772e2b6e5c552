// The driver over real sockets, on the loopback interface: who hears whom, interfaces that change, and a machine that was asleep.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { after, afterEach, describe, it } from 'node:test'
import type { Answer, DecodedPacket } from 'dns-packet'
import { decode } from 'dns-packet'
import type { InterfaceAddress } from '#tcpnet/addon.js'
import type { Discovery, Instance, Listener } from '#tcpnet/discovery/discovery.js'
import { embeddedOver } from '#tcpnet/discovery/drivers/embedded/embedded.js'
import { Network } from '#tcpnet/discovery/drivers/embedded/network.js'
import type { NetworkOptions } from '#tcpnet/discovery/drivers/embedded/network-options.js'
import { interfaceOf } from '#tcpnet/net/addresses.js'
import { randomHex } from '#tcpnet/uuid.js'
import { Tally, until } from '../../support/wait.js'

const LO: InterfaceAddress = interfaceOf('127.0.0.1') ?? assert.fail('this machine has no loopback interface')

/** What a discovery told: `seen BB`. */
type Told = Tally<string> & { readonly hints: Instance[]; readonly errors: (Error & { code?: string })[] }

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

/** A service with sockets of its own, unless it shares those of others. */
function service(
  uuid: string,
  options: Partial<NetworkOptions> | Network = {},
  hasMet = () => false
): { told: Told; discovery: Discovery } {
  const told: Told = Object.assign(new Tally<string>(), { hints: [], errors: [] })
  const failed = (what: string) => (error: Error) => {
    told.errors.push(error)
    told.add(what)
  }
  const listener: Listener = {
    announced: () => told.add('announced'),
    failed: failed('failed'),
    seen: (other) => told.add(`seen ${other}`),
    gone: (other) => told.add(`gone ${other}`),
    hint: (instance, isMutual) => {
      told.hints.push(instance)
      told.add(`hint ${instance.uuid} ${isMutual ? 'mutual' : 'one-sided'}`)
    },
    online: () => told.add('online'),
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
  return { told, discovery }
}

function tells({ told }: { told: Told }, what: string): Promise<unknown> {
  return until(() => told.items.includes(what), `"${what}" is not told, but ${told.items}`)
}

/** Interfaces that change when the test says so. */
class Changing {
  addresses: readonly InterfaceAddress[] = [LO]
  readonly everyMs = 5
  readonly list = () => this.addresses
}

/** Hears what is sent on the loopback interface about the cluster at hand, or about a host. */
class Ear {
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

  /** The addresses that were announced, or withdrawn, under a host's name. */
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
    await tells(service('BB', { openAfterMs }), 'announced')
    assert.deepEqual(met.told.items, [])
    const alone = service('CC', new Network({ openAfterMs: { alone: 1, met: 1 } }), () => true)
    await tells(alone, 'announced')
    assert.deepEqual(met.told.items, [])
  })

  it('expect a peer to dial that knows them, but not one that has come after their announcement', async () => {
    const older = service('AA')
    await tells(older, 'announced')
    const start = performance.now()
    service('BB')
    await tells(older, 'hint BB one-sided')
    // The second announcement is over.
    await until(() => performance.now() - start > 1200, 'time does not pass')
    service('CC')
    await tells(older, 'hint CC mutual')
  })

  it('see each other across processes, bound to the group or to all addresses', async () => {
    const all = { system: { bindTo: 'all', scopeOf: ({ index }: InterfaceAddress) => String(index) } } as const
    const services = [service('AA'), service('BB', all), service('CC', all)]
    for (const [i, one] of services.entries()) {
      for (const [j, uuid] of ['AA', 'BB', 'CC'].entries()) if (i !== j) await tells(one, `seen ${uuid}`)
    }
    const [aa, bb] = services
    assert.ok(aa !== undefined && bb !== undefined)
    assert.equal((await aa.discovery.locate('BB', new AbortController().signal))?.host, 'BB.local')
    await bb.discovery.close()
    await tells(aa, 'gone BB')
  })

  it('share the sockets of a process, and see each other there at once', async () => {
    const network = new Network()
    const [one, other] = [service('AA', network), service('BB', network)]
    await Promise.all([tells(one, 'seen BB'), tells(other, 'seen AA')])
    assert.deepEqual(one.told.hints[0]?.paths[0], { interfaceIndex: LO.index, family: 4, address: '127.0.0.1' })
    await other.discovery.close()
    await tells(one, 'gone BB')
  })

  it('do not answer themselves', async () => {
    const ear = await new Ear().open()
    const one = service('AA')
    await ear.packets.reach(4, 'too little is sent')
    await one.discovery.close()
    // Two announcements, and two questions or three.
    assert.equal(ear.count('response'), 2)
    ear.close()
  })
})

describe('an interface', () => {
  it('that goes takes the service offline, and back with it; what was seen stays seen meanwhile', async () => {
    const interfaces = new Changing()
    const [one, other] = [service('AA', { interfaces }), service('BB')]
    await tells(one, 'seen BB')
    interfaces.addresses = []
    await tells(one, 'offline')
    assert.equal(one.told.errors[0]?.code, 'ERR_TCPNET_NO_INTERFACE')
    interfaces.addresses = [LO]
    await tells(one, 'online')
    // Announced again there, and heard.
    const found = await until(() => one.discovery.locate('BB', new AbortController().signal), 'it is not located')
    assert.equal(found.port, 4000)
    assert.deepEqual(
      one.told.items.filter((told) => told.endsWith('BB')),
      ['seen BB']
    )
    assert.ok(!other.told.items.includes('gone AA'))
  })

  it('other than loopback has to wait for loopback to be used beside it, unless it cannot be used', async () => {
    const interfaces = new Changing()
    // Of the documentation (RFC 5737): no socket can join a group by it.
    interfaces.addresses = [LO, { ...LO, index: 4711, name: 'none', loopback: false, address: '192.0.2.1' }]
    const never = { interfaces, loopbackAfterMs: 600_000 }
    const [one, other] = [service('AA', never), service('BB', { interfaces: new Changing() })]
    await tells(one, 'seen BB')
    await tells(other, 'seen AA')
    assert.deepEqual(one.told.errors, [])
  })

  it('that is there from the start on is needed', async () => {
    const interfaces = new Changing()
    interfaces.addresses = []
    const one = service('AA', { interfaces })
    await tells(one, 'failed')
    assert.equal(one.told.errors[0]?.code, 'ERR_TCPNET_NO_INTERFACE')
  })

  it('that gets another address is announced with that, and the old one is withdrawn', async () => {
    const [interfaces, uuid] = [new Changing(), randomHex(16).toUpperCase()]
    const ear = await new Ear().open(uuid)
    const one = service(uuid, { interfaces })
    await tells(one, 'announced')
    await until(() => ear.addresses(`${uuid}.local`).includes('127.0.0.1'), 'the first address is not announced')
    interfaces.addresses = [{ ...LO, address: '127.0.0.2' }]
    await until(() => ear.addresses(`${uuid}.local`).includes('127.0.0.2'), 'the new address is not announced')
    await until(() => ear.addresses(`${uuid}.local`, true).includes('127.0.0.1'), 'the old address is not withdrawn')
    assert.deepEqual(one.told.items, ['announced'])
    ear.close()
  })
})

it('announces and asks anew where the clocks tell that the machine was asleep', async () => {
  const interfaces = new Changing()
  const ear = await new Ear().open()
  let asleepMs = 0
  const one = service('AA', { interfaces, wallClock: () => performance.now() + asleepMs })
  await ear.packets.reach(4, 'too little is sent')
  await tells(one, 'announced')
  const [questions, announcements] = [ear.count('query'), ear.count('response')]
  asleepMs = 60_000
  await until(() => ear.count('response') > announcements, 'nothing is announced')
  await until(() => ear.count('query') > questions, 'nothing is asked')
  ear.close()
})

after(() => assert.equal(open.size, 0))
