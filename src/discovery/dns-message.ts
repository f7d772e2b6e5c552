import type { Path } from '../net/addresses.js'
import { type Interfaces, isLoopback, isOnLink, isOwn } from '../net/addresses.js'
import { parseUuid } from '../uuid.js'
import type { Instance } from './discovery.js'
import type { DnsMessage, DnsRecord } from './dns-reader.js'
import { shownHost } from './host-name.js'
import { MAX_PATHS } from './instance.js'
import { parseTxt, splitTxt } from './txt.js'

/** What to search for in a message, and where the message came from. */
export interface Asked {
  /** The service type: `_my-cluster._tcp.local`. */
  readonly type: string
  /** The interface on which the message arrived. */
  readonly interfaceIndex: number
  /** Whether its source is an address of this machine. The system drops packets from the network with such a source. */
  readonly fromThisMachine: boolean
  /** Whether to include instances that cannot be dialed: their names are in use as well. */
  readonly anyAddress: boolean
}

/**
 * The instances of a service type for which a DNS response has an SRV record and an address of its target that may be dialed
 * (RFC 6763 §12). If an instance has several SRV records, the first is used.
 *
 * @param interfaces this machine's interfaces; default: the current ones
 */
export function instancesIn(message: DnsMessage, asked: Asked, interfaces?: Interfaces): Instance[] {
  if (message.type !== 'response') return []
  const records = [...message.answers, ...message.additionals]
  const paths = pathsByHost(records, asked, interfaces)
  const texts = textsByName(records)
  const suffix = `.${asked.type}`.toLowerCase()
  const instances = new Map<string, Instance>()
  for (const record of records) {
    if (record.type !== 'SRV' || !record.name.toLowerCase().endsWith(suffix)) continue
    const uuid = parseUuid(record.name.slice(0, -suffix.length))
    const { target: host, port } = record.data
    const found = paths.get(host.toLowerCase())
    if (uuid === null || instances.has(uuid) || found === undefined || port === 0) continue
    instances.set(uuid, {
      uuid,
      host: shownHost(host),
      port,
      txt: parseTxt(texts.get(record.name) ?? []),
      paths: found
    })
  }
  return [...instances.values()]
}

function pathsByHost(records: readonly DnsRecord[], asked: Asked, interfaces?: Interfaces): Map<string, Path[]> {
  const hosts = new Map<string, Path[]>()
  for (const record of records) {
    if (record.type !== 'A' && record.type !== 'AAAA') continue
    const host = record.name.toLowerCase()
    const paths = hosts.get(host) ?? []
    const family = record.type === 'A' ? 4 : 6
    const path = { interfaceIndex: asked.interfaceIndex, family, address: record.data } as const
    if (paths.length >= MAX_PATHS || !(asked.anyAddress || mayBeDialed(path, asked, interfaces))) continue
    hosts.set(host, paths)
    paths.push(path)
  }
  return hosts
}

/** An address of this machine that another machine announces is never dialed: this service would connect to local programs. */
function mayBeDialed(path: Path, { fromThisMachine }: Asked, interfaces?: Interfaces): boolean {
  const { address } = path
  return isOnLink(path, interfaces) && (fromThisMachine || isLoopback(address) || !isOwn(address, interfaces))
}

/** The strings of the first TXT record of each name, decoded when they are read. */
function textsByName(records: readonly DnsRecord[]): { get: (name: string) => string[] | undefined } {
  const byName = new Map<string, Extract<DnsRecord, { type: 'TXT' }>>()
  for (const record of records) if (record.type === 'TXT' && !byName.has(record.name)) byName.set(record.name, record)
  return {
    get: (name) => {
      const data = byName.get(name)?.data
      return data && splitTxt(data)
    }
  }
}
