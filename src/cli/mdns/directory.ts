import type { DnsMessage, DnsRecord } from '../../discovery/dns-reader.js'
import type { QueryQuestion } from '../../discovery/dns-writer.js'
import { shownHost } from '../../discovery/host-name.js'
import { parseTxt, splitTxt } from '../../discovery/txt.js'
import { parseUuid } from '../../uuid.js'

/** The query for the types of all services on a network (RFC 6763 §9). */
const META = '_services._dns-sd._udp.local'
const TYPE = /^_([a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?)\._tcp\.local$/i
/** The most of each kind that is kept: packets are untrusted. */
const [MAX_TYPES, MAX_INSTANCES, MAX_CLAIMS, MAX_ADDRESSES, MAX_HOSTS] = [1024, 4096, 4, 16, 4096]
/** How often an instance is asked for while its records are incomplete. */
const MAX_ASKED = 4
/** Rounds of questions without an answer after which a service is gone. */
const MAX_MISSED = 3

/** An address of a host, and the interface of this machine on which it was received. */
export interface FoundAddress {
  readonly address: string
  readonly interfaceName: string
  readonly interfaceIndex: number
}

/** A tcpnet service on the network. */
export interface FoundService {
  readonly cluster: string
  readonly uuid: string
  /** The host name, for display. */
  readonly host: string
  readonly port: number
  /** The announced kind of security: `none`, `secret`, `tls`. */
  readonly security: string
  readonly version: string
  readonly addresses: readonly FoundAddress[]
}

/** An announced host and port of an instance. There are several if services have the same uuid. */
interface AddressClaim {
  readonly host: string
  readonly port: number
  /** The indexes of the interfaces on which it was received; only addresses from those are used. */
  readonly interfaces: Set<number>
  missed: number
}

interface Instance {
  readonly cluster: string
  readonly uuid: string
  readonly claims: AddressClaim[]
  txt: Readonly<Record<string, string>> | null
  asked: number
}

/** The interface on which a packet was received. */
export interface ReceivingInterface {
  readonly interfaceName: string
  readonly interfaceIndex: number
}

/**
 * Collects tcpnet services from responses: instances with a hexadecimal name, and with `v` and `sec` in their TXT
 * record.
 */
export class Directory {
  /** The cluster to ask for; null for all. */
  readonly #name: string | null
  readonly #maxInstances: number
  readonly #types = new Set<string>()
  readonly #instances = new Map<string, Instance>()
  readonly #hosts = new Map<string, FoundAddress[]>()
  #newTypes: string[] = []

  constructor(name: string | null, maxInstances = MAX_INSTANCES) {
    this.#name = name
    this.#maxInstances = maxInstances
    if (name !== null) this.#types.add(name)
  }

  /** Asks for a cluster even if the network does not announce its type. */
  expect(name: string): void {
    this.#types.add(name)
  }

  /** The questions to ask first and to repeat. */
  get questions(): QueryQuestion[] {
    if (this.#name !== null) return [ptr(typeOf(this.#name))]
    return [ptr(META), ...[...this.#types].map((type) => ptr(typeOf(type)))]
  }

  /** Questions for the types that became known since the last call. */
  takeNewTypes(): QueryQuestion[] {
    const types = this.#newTypes
    this.#newTypes = []
    return types.map((type) => ptr(typeOf(type)))
  }

  /** Questions for instances with missing records, up to {@link MAX_ASKED} times for each. */
  takeUnresolved(): QueryQuestion[] {
    const open = [...this.#instances.values()].filter((one) => one.asked < MAX_ASKED && !this.#isResolved(one))
    for (const one of open) one.asked++
    return open.map(({ cluster, uuid }) => ({ type: 'ANY', name: `${uuid}.${typeOf(cluster)}` }))
  }

  /** Questions that renew every instance. Those that did not answer {@link MAX_MISSED} rounds are removed. */
  takeRenewals(): QueryQuestion[] {
    for (const [key, one] of this.#instances) {
      for (const claim of one.claims) claim.missed++
      const left = one.claims.filter(({ missed }) => missed <= MAX_MISSED)
      one.claims.splice(0, one.claims.length, ...left)
      if (left.length === 0 && one.asked >= MAX_ASKED) this.#instances.delete(key)
    }
    return [...this.#instances.values()].map(({ cluster, uuid }) => ({
      type: 'ANY',
      name: `${uuid}.${typeOf(cluster)}`
    }))
  }

  /** The names of all TCP service types on the network, including those of other protocols. */
  get types(): readonly string[] {
    return [...this.#types]
  }

  /** The services with complete records, ordered by cluster, uuid and host. */
  get services(): FoundService[] {
    const all = [...this.#instances.values()].flatMap((one) => this.#foundOf(one))
    return all.sort((a, b) => compare(a.cluster, b.cluster) || compare(a.uuid, b.uuid) || compare(a.host, b.host))
  }

  /** Takes the records of a response. */
  take(packet: DnsMessage, place: ReceivingInterface): void {
    if (packet.type !== 'response') return
    const records = [...packet.answers, ...packet.additionals]
    for (const record of records) if (record.type === 'PTR') this.#takePointer(record)
    for (const record of records) this.#takeRecord(record, place)
  }

  #takePointer({ name, data, ttl }: Extract<DnsRecord, { type: 'PTR' }>): void {
    const lower = name.toLowerCase()
    // Responses may list service types without a question for them.
    if (lower === META) return this.#name === null ? this.#takeType(data) : undefined
    const type = clusterOf(lower)
    if (type === null || !this.#types.has(type) || !data.toLowerCase().endsWith(`.${lower}`)) return
    const uuid = parseUuid(data.slice(0, -lower.length - 1))
    if (uuid === null) return
    const key = `${type}/${uuid}`
    // A goodbye (RFC 6762 §10.1).
    if (ttl === 0) this.#instances.delete(key)
    else if (!this.#instances.has(key) && this.#instances.size < this.#maxInstances)
      this.#instances.set(key, { cluster: type, uuid, claims: [], txt: null, asked: 0 })
  }

  #takeType(name: string): void {
    const type = clusterOf(name)
    if (type === null || this.#types.has(type) || this.#types.size >= MAX_TYPES) return
    this.#types.add(type)
    this.#newTypes.push(type)
  }

  #takeRecord(record: DnsRecord, place: ReceivingInterface): void {
    switch (record.type) {
      case 'SRV':
        if (record.ttl !== 0) this.#takeClaim(record, place.interfaceIndex)
        return
      case 'TXT': {
        const one = this.#instanceOf(record.name)
        if (one !== undefined) one.txt = parseTxt(splitTxt(record.data))
        return
      }
      case 'A':
      case 'AAAA':
        if (record.ttl !== 0) this.#takeAddress(record.name.toLowerCase(), { address: record.data, ...place })
    }
  }

  #takeClaim({ name, data: { target, port } }: Extract<DnsRecord, { type: 'SRV' }>, interfaceIndex: number): void {
    const one = this.#instanceOf(name)
    if (one === undefined || port === 0) return
    const host = target.toLowerCase()
    const known = one.claims.find((claim) => claim.host === host && claim.port === port)
    if (known === undefined) {
      if (one.claims.length < MAX_CLAIMS)
        one.claims.push({ host, port, interfaces: new Set([interfaceIndex]), missed: 0 })
      return
    }
    known.missed = 0
    known.interfaces.add(interfaceIndex)
  }

  #takeAddress(host: string, address: FoundAddress): void {
    const known = this.#hosts.get(host) ?? []
    if (known.length >= MAX_ADDRESSES || (known.length === 0 && this.#hosts.size >= MAX_HOSTS)) return
    if (known.some((one) => one.address === address.address && one.interfaceIndex === address.interfaceIndex)) return
    this.#hosts.set(host, [...known, address])
  }

  #instanceOf(name: string): Instance | undefined {
    const [, label = '', type = ''] = /^([0-9a-f]{1,63})\.(.+)$/i.exec(name) ?? []
    return this.#instances.get(`${clusterOf(type)}/${label.toUpperCase()}`)
  }

  #isResolved(one: Instance): boolean {
    return one.txt !== null && (!isTcpnet(one.txt) || this.#foundOf(one).length > 0)
  }

  #foundOf({ cluster, uuid, claims, txt }: Instance): FoundService[] {
    if (txt === null || !isTcpnet(txt)) return []
    return claims.flatMap(({ host, port, interfaces }) => {
      const addresses = (this.#hosts.get(host) ?? []).filter(({ interfaceIndex }) => interfaces.has(interfaceIndex))
      const { v: version = '', sec: security = '' } = txt
      return addresses.length === 0
        ? []
        : [{ cluster, uuid, host: shownHost(host), port, security, version, addresses }]
    })
  }
}

/** Whether a TXT record is that of a tcpnet service. */
function isTcpnet(txt: Readonly<Record<string, string>>): boolean {
  return 'v' in txt && 'sec' in txt
}

function ptr(name: string): QueryQuestion {
  return { type: 'PTR', name }
}

function typeOf(cluster: string): string {
  return `_${cluster}._tcp.local`
}

function clusterOf(type: string): string | null {
  return TYPE.exec(type)?.[1]?.toLowerCase() ?? null
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
