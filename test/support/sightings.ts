import type { Location, SessionEvent } from '#tcpnet/discovery/session.js'

/** What a session tells of a name that is announced. */
export function seen(uuid: string): SessionEvent {
  return { type: 'seen', uuid }
}

/** What it tells when the name is not announced any more. */
export function gone(uuid: string): SessionEvent {
  return { type: 'gone', uuid }
}

/** Where a daemon says that an instance is: at these addresses of one interface. */
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
