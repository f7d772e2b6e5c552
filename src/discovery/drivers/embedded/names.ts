import { parseUuid } from '../../../uuid.js'
import { folded } from './records.js'

/** The domain of multicast DNS (RFC 6762 §3). */
const DOMAIN = 'local'

/** The service type of a cluster: `_my-cluster._tcp.local`. */
export function serviceType(cluster: string): string {
  return `_${cluster}._tcp.${DOMAIN}`
}

/** The name of an instance of a service type (RFC 6763 §4.1). */
export function instanceName(uuid: string, type: string): string {
  return `${uuid}.${type}`
}

/** The host name under which a service is announced: its own, because the machine's may be a daemon's, too. */
export function hostName(uuid: string): string {
  return `${uuid}.${DOMAIN}`
}

/** The uuid in an instance's name; null where it is none of the type, or no hexadecimal one. */
export function uuidIn(name: string, type: string): string | null {
  const at = name.length - type.length - 1
  if (at < 1 || name[at] !== '.') return null
  // Nearly always written as it is browsed.
  if (!name.endsWith(type) && folded(name.slice(at + 1)) !== folded(type)) return null
  return parseUuid(name.slice(0, at))
}
