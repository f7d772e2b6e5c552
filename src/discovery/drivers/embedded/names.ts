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

/** The host name of a service. Every service has its own, because a daemon may announce the machine's name. */
export function hostName(uuid: string): string {
  return `${uuid}.${DOMAIN}`
}

/** The uuid in an instance name; null if the name has another service type or its first label is not a uuid. */
export function uuidIn(name: string, type: string): string | null {
  const at = name.length - type.length - 1
  if (at < 1 || name[at] !== '.') return null
  // A fast path: nearly all names are written in the same case.
  if (!name.endsWith(type) && folded(name.slice(at + 1)) !== folded(type)) return null
  return parseUuid(name.slice(0, at))
}
