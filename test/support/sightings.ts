import type { SessionEvent } from '#tcpnet/addon.js'

export type Found = SessionEvent & { type: 'found' }
export type Lost = SessionEvent & { type: 'lost' }

/** What a daemon tells of an instance on one interface over one family. */
export function found(instance: string, change: Partial<Found> = {}): Found {
  const common = {
    type: 'found',
    interfaceIndex: 2,
    family: 4,
    host: 'alpha.local',
    port: 4000,
    txt: [],
    origin: 'unknown'
  } as const
  return { ...common, addresses: ['192.0.2.1'], ...change, instance }
}

/** What a daemon tells when that is gone. */
export function lost(instance: string, { interfaceIndex = 2, family = 4 }: Partial<Found> = {}): Lost {
  return { type: 'lost', instance, interfaceIndex, family }
}
