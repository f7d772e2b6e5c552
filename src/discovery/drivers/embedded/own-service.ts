import type { InterfaceAddress } from '../../../addon.js'
import { isLoopback, type Path } from '../../../net/addresses.js'
import type { Announcement, Instance } from '../../discovery.js'
import { formatTxt, parseTxt } from '../../txt.js'
import { hostName, instanceName, serviceType } from './names.js'
import { SERVICE_TYPES } from './publication.js'
import { type Resource, resource, stringsOf } from './records.js'

/** Seconds that others keep records in which a host is named (RFC 6762 §10), and other records. */
const [HOST_TTL, OTHER_TTL] = [120, 4500]

/** An interface on which a service is announced. */
interface AnnouncedInterface {
  readonly index: number
  /** Its addresses. */
  readonly addresses: readonly InterfaceAddress[]
}

/**
 * The records of a service on one interface. Its PTR record lives as short as those that name a host, so that a process that was
 * killed is not announced for 75 minutes.
 */
export function recordsOf(announcement: Announcement, on: AnnouncedInterface): Resource[] {
  const { uuid, name: cluster, port, txt } = announcement
  const [type, host] = [serviceType(cluster), hostName(uuid)]
  const name = instanceName(uuid, type)
  return [
    resource(type, HOST_TTL, false, { type: 'PTR', target: name }),
    resource(SERVICE_TYPES, OTHER_TTL, false, { type: 'PTR', target: type }),
    resource(name, HOST_TTL, true, { type: 'SRV', priority: 0, weight: 0, port, target: host }),
    resource(name, OTHER_TTL, true, { type: 'TXT', strings: stringsOf(formatTxt(txt)) }),
    ...announcedAddresses(announcement, on).map(({ family, address }) =>
      resource(host, HOST_TTL, true, { type: family === 4 ? 'A' : 'AAAA', address })
    )
  ]
}

/** The same, as one who is told of it in this process gets it. */
export function ownInstance(announcement: Announcement, on: readonly AnnouncedInterface[]): Instance | null {
  const { uuid, port, txt } = announcement
  const paths = new Map<string, Path>()
  for (const one of on) {
    for (const { family, address } of announcedAddresses(announcement, one)) {
      paths.set(`${one.index} ${address}`, { interfaceIndex: one.index, family, address })
    }
  }
  if (paths.size === 0) return null
  return { uuid, host: hostName(uuid), port, txt: parseTxt(formatTxt(txt)), paths: [...paths.values()] }
}

/**
 * Those of an interface's own addresses (RFC 6762 §6.2) on which the service listens; of IPv4 ones no link-local one where there
 * is another (RFC 3927 §1.9).
 */
function announcedAddresses(
  { address: listened, interfaceIndex }: Announcement,
  { addresses }: AnnouncedInterface
): InterfaceAddress[] {
  const isOne = listened !== null && interfaceIndex !== 0
  const [first] = addresses
  // Any address of 127.0.0.0/8 is the loopback interface's, though only one is listed.
  if (isOne && first !== undefined && isLoopback(listened))
    return [{ ...first, family: listened.includes(':') ? 6 : 4, address: listened }]
  const own = isOne ? addresses.filter(({ address }) => address === listened) : addresses
  const better = own.filter(({ family, address }) => family === 4 && !address.startsWith('169.254.'))
  return own.filter((entry) => entry.family === 6 || better.length === 0 || better.includes(entry))
}
