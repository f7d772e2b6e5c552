import type { Question } from 'dns-packet'
import type { DnsMessage, DnsRecord } from '../../discovery/dns-reader.js'
import { shownHost } from '../../discovery/host-name.js'
import { parseTxt } from '../../discovery/txt.js'
import { parseUuid } from '../../uuid.js'

/** The query for the types of all services on a network (RFC 6763 §9). */
const META = '_services._dns-sd._udp.local'
const TYPE = /^_([a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?)\._tcp\.local$/i
/** Bounds of what is kept: the network is not trusted. */
const [MAX_TYPES, MAX_INSTANCES, MAX_CLAIMS, MAX_ADDRESSES, MAX_HOSTS] = [1024, 4096, 4, 16, 4096]
/** How often a name is asked for until it is whole. */
const MAX_ASKED = 4
/** Rounds of questions without an answer after which a service is gone. */
const MAX_MISSED = 3
const ANY = 'ANY' as Question['type']

/** An address of a host, and the interface of this machine on which it was told. */
export interface FoundAddress {
  readonly address: string
  readonly interfaceName: string
  readonly interfaceIndex: number
}

/** A tcpnet service on the network. */
export interface FoundService {
  readonly cluster: string
  readonly uuid: string
  /** The host's name, to be shown. */
  readonly host: string
  readonly port: number
  /** What it says of its security: `none`, `secret`, `tls`. */
  readonly security: string
  readonly version: string
  readonly addresses: readonly FoundAddress[]
}

/** One host and port at which an instance is said to be; more than one where two services have the same uuid. */
interface AddressClaim {
  readonly host: string
  readonly port: number
  /** Where it was told: an address counts on those interfaces alone. */
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

/** Where a packet was heard. */
export interface HeardPlace {
  readonly interfaceName: string
  readonly interfaceIndex: number
}

/** What the network's answers say of tcpnet services: instances with a hexadecimal name, and `v` and `sec` in their TXT record. */
export class Directory {
  /** The one cluster that is asked for; null for all. */
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

  /** Asks for a cluster, whether the network tells that there is one or not. */
  expect(name: string): void {
    this.#types.add(name)
  }

  /** The questions with which it begins, and that are asked again. */
  get questions(): Question[] {
    if (this.#name !== null) return [ptr(typeOf(this.#name))]
    return [ptr(META), ...[...this.#types].map((type) => ptr(typeOf(type)))]
  }

  /** Questions for the types that became known since the last call. */
  takeNewTypes(): Question[] {
    const types = this.#newTypes
    this.#newTypes = []
    return types.map((type) => ptr(typeOf(type)))
  }

  /** Questions for the services of which something is missing, up to so many times for each. */
  takeUnresolved(): Question[] {
    const open = [...this.#instances.values()].filter((one) => one.asked < MAX_ASKED && !this.#isResolved(one))
    for (const one of open) one.asked++
    return open.map(({ cluster, uuid }) => ({ type: ANY, name: `${uuid}.${typeOf(cluster)}` }))
  }

  /** Questions for every service: whether it is still there. Those that did not answer so many in a row are forgotten. */
  takeRenewals(): Question[] {
    for (const [key, one] of this.#instances) {
      for (const claim of one.claims) claim.missed++
      const left = one.claims.filter(({ missed }) => missed <= MAX_MISSED)
      one.claims.splice(0, one.claims.length, ...left)
      if (left.length === 0 && one.asked >= MAX_ASKED) this.#instances.delete(key)
    }
    return [...this.#instances.values()].map(({ cluster, uuid }) => ({ type: ANY, name: `${uuid}.${typeOf(cluster)}` }))
  }

  /** The types of service that the network has: the names of clusters, and of much else. */
  get types(): readonly string[] {
    return [...this.#types]
  }

  /** The services of which everything is known, by cluster and uuid. */
  get services(): FoundService[] {
    const all = [...this.#instances.values()].flatMap((one) => this.#foundOf(one))
    return all.sort((a, b) => compare(a.cluster, b.cluster) || compare(a.uuid, b.uuid) || compare(a.host, b.host))
  }

  /** Takes in a message. */
  take(packet: DnsMessage, place: HeardPlace): void {
    if (packet.type !== 'response') return
    const records = [...packet.answers, ...packet.additionals]
    for (const record of records) if (record.type === 'PTR') this.#takePointer(record)
    for (const record of records) this.#takeRecord(record, place)
  }

  #takePointer({ name, data, ttl }: Extract<DnsRecord, { type: 'PTR' }>): void {
    const lower = name.toLowerCase()
    // Daemons tell the types of others without being asked, too.
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

  #takeRecord(record: DnsRecord, place: HeardPlace): void {
    switch (record.type) {
      case 'SRV':
        if (record.ttl !== 0) this.#takeClaim(record, place.interfaceIndex)
        return
      case 'TXT': {
        const one = this.#instanceOf(record.name)
        if (one !== undefined) one.txt = parseTxt(record.data.map(String))
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

/** What a tcpnet service has in its TXT record. */
function isTcpnet(txt: Readonly<Record<string, string>>): boolean {
  return 'v' in txt && 'sec' in txt
}

function ptr(name: string): Question {
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
