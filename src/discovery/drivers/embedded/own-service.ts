import type { InterfaceAddress } from '../../../addon.js'
import { isLoopback, type Path } from '../../../net/addresses.js'
import type { Announcement, Instance } from '../../discovery.js'
import { formatTxt, joinTxt, parseTxt } from '../../txt.js'
import { hostName, instanceName, serviceType } from './names.js'
import { SERVICE_TYPES } from './publication.js'
import { type Resource, resource } from './records.js'

/** The TTLs, in seconds, of records that contain a host name, and of other records (RFC 6762 §10). */
const [HOST_TTL, OTHER_TTL] = [120, 4500]

/** An interface on which a service is announced. */
interface AnnouncedInterface {
  readonly index: number
  /** Its addresses. */
  readonly addresses: readonly InterfaceAddress[]
}

/** The records of a service on one interface. The short TTL of PTR bounds how long a killed process stays announced. */
export function recordsOf(announcement: Announcement, on: AnnouncedInterface): Resource[] {
  const { uuid, name: cluster, port, txt } = announcement
  const [type, host] = [serviceType(cluster), hostName(uuid)]
  const name = instanceName(uuid, type)
  return [
    resource(type, HOST_TTL, false, { type: 'PTR', target: name }),
    resource(SERVICE_TYPES, OTHER_TTL, false, { type: 'PTR', target: type }),
    resource(name, HOST_TTL, true, { type: 'SRV', priority: 0, weight: 0, port, target: host }),
    resource(name, OTHER_TTL, true, { type: 'TXT', strings: joinTxt(formatTxt(txt)) }),
    ...announcedAddresses(announcement, on).map(({ family, address }) =>
      resource(host, HOST_TTL, true, { type: family === 4 ? 'A' : 'AAAA', address })
    )
  ]
}

/** The same service as an instance, for the other services of this process. Null if there is no address to announce. */
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
 * The interface's own addresses (RFC 6762 §6.2) on which the service listens, without IPv4 link-local addresses if
 * there is another IPv4 address (RFC 3927 §1.9).
 */
function announcedAddresses(
  { address: listened, interfaceIndex }: Announcement,
  { addresses }: AnnouncedInterface
): InterfaceAddress[] {
  const isOne = listened !== null && interfaceIndex !== 0
  const [first] = addresses
  // All of 127.0.0.0/8 belongs to the loopback interface, although only one address is listed.
  if (isOne && first !== undefined && isLoopback(listened))
    return [{ ...first, family: listened.includes(':') ? 6 : 4, address: listened }]
  const own = isOne ? addresses.filter(({ address }) => address === listened) : addresses
  const better = own.filter(({ family, address }) => family === 4 && !address.startsWith('169.254.'))
  return own.filter((entry) => entry.family === 6 || better.length === 0 || better.includes(entry))
}
