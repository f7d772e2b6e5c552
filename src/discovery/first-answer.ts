import { isIP } from 'node:net'
import { type Answer, type DecodedPacket, decode } from 'dns-packet'
import { isHost } from '../network.js'
import { parseUuid } from '../uuid.js'
import type { Instance, Path } from './discovery.js'
import { shownHost } from './host-name.js'
import { MAX_PATHS } from './instances.js'
import { parseTxt } from './txt.js'

/** The header of a message, and the least that a question and a record take, in bytes (RFC 1035 §4.1). */
const [HEADER_BYTES, QUESTION_BYTES, RECORD_BYTES] = [12, 5, 11]

/**
 * Reads a DNS message.
 *
 * @throws {Error} where it is none
 */
export function decodeMessage(message: Buffer): DecodedPacket {
  // `decode` believes the header: some hundred bytes can make it read one record 65,535 times.
  if (message.length < leastBytes(message)) throw new Error('it says that it has more records than it can hold')
  return decode(message)
}

function leastBytes(message: Buffer): number {
  if (message.length < HEADER_BYTES) return HEADER_BYTES
  const [questions, ...records] = [4, 6, 8, 10].map((at) => message.readUInt16BE(at))
  return (
    HEADER_BYTES + QUESTION_BYTES * (questions ?? 0) + RECORD_BYTES * records.reduce((sum, count) => sum + count, 0)
  )
}

/** The instances of a service type that a DNS response tells whole: PTR, SRV, and an address of the target (RFC 6763 §12). */
export function instancesIn(packet: DecodedPacket, type: string, interfaceIndex: number): Instance[] {
  if (packet.type !== 'response') return []
  const records = [...(packet.answers ?? []), ...(packet.additionals ?? [])]
  const paths = pathsByHost(records, interfaceIndex)
  const suffix = `.${type}`.toLowerCase()
  const instances: Instance[] = []
  for (const record of records) {
    if (record.type !== 'SRV' || !record.name.toLowerCase().endsWith(suffix)) continue
    const uuid = parseUuid(record.name.slice(0, -suffix.length))
    const host = record.data.target
    const found = paths.get(host.toLowerCase())
    if (uuid === null || found === undefined || record.data.port === 0) continue
    instances.push({
      uuid,
      host: shownHost(host),
      port: record.data.port,
      txt: txtOf(record.name, records),
      paths: found
    })
  }
  return instances
}

function pathsByHost(records: readonly Answer[], interfaceIndex: number): Map<string, Path[]> {
  const hosts = new Map<string, Path[]>()
  for (const record of records) {
    if (record.type !== 'A' && record.type !== 'AAAA') continue
    const family = isIP(record.data)
    if ((family !== 4 && family !== 6) || !isHost(record.data, interfaceIndex)) continue
    const host = record.name.toLowerCase()
    const paths = hosts.get(host) ?? []
    if (paths.length < MAX_PATHS) paths.push({ interfaceIndex, family, address: record.data })
    hosts.set(host, paths)
  }
  return hosts
}

function txtOf(name: string, records: readonly Answer[]): Instance['txt'] {
  const record = records.find((one) => one.type === 'TXT' && one.name === name)
  if (record?.type !== 'TXT') return parseTxt([])
  const strings = Array.isArray(record.data) ? record.data : [record.data]
  return parseTxt(strings.map((string) => string.toString()))
}
