import type { Location, SessionEvent } from '#tcpnet/discovery/session.js'

/** The event of a session for a name that is announced. */
export function seen(uuid: string): SessionEvent {
  return { type: 'seen', uuid }
}

/** The event of a session for a name that is not announced any more. */
export function gone(uuid: string): SessionEvent {
  return { type: 'gone', uuid }
}

/** A location of a daemon for an instance: these addresses on one interface. */
export function located(
  change: Partial<Location> = {},
  addresses: readonly string[] = ['192.0.2.1'],
  interfaceIndex = 2,
  origin: Location['paths'][number]['origin'] = 'unknown'
): Location {
  const paths = addresses.map((address) => {
    return { interfaceIndex, family: address.includes(':') ? 6 : 4, address, origin } as const
  })
  return { host: 'alpha.local', port: 4000, txt: [], paths, ...change }
}
