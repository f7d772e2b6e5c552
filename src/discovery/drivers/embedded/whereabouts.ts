import type { Interfaces } from '../../../net/addresses.js'
import type { Instance } from '../../discovery.js'
import { instanceOf } from '../../instance.js'
import type { LocationPath } from '../../session.js'
import { splitTxt } from '../../txt.js'
import type { Cache } from './cache.js'
import { instanceName } from './names.js'
import type { NetworkLink } from './network-user.js'

/** An instance, according to the received records. */
export interface Found {
  readonly instance: Instance
  /** Milliseconds since its SRV record was last received. */
  readonly ageMs: number
}

/** What the records of one interface say of an instance. */
interface Candidate {
  readonly ageMs: number
  readonly host: string
  readonly port: number
  readonly txt: readonly string[]
  readonly paths: readonly LocationPath[]
}

/**
 * Where an instance is, according to the records of some links; null if these are incomplete. If interfaces disagree on
 * host or port, the SRV record that was received last is used.
 */
export function whereIs(
  uuid: string,
  type: string,
  links: readonly NetworkLink[],
  interfaces: Interfaces
): Found | null {
  // The links of one interface share their records.
  const places = new Map(links.map(({ index, link }) => [link.remote, index]))
  const name = instanceName(uuid, type)
  const candidates = [...places].flatMap(([{ cache }, index]) => candidateOn(cache, index, name) ?? [])
  const [last, ...others] = candidates.sort((one, other) => one.ageMs - other.ageMs)
  if (last === undefined) return null
  const agreeing = others.filter(({ host, port }) => host === last.host && port === last.port)
  const paths = [last, ...agreeing].flatMap((one) => one.paths)
  const instance = paths.length === 0 ? null : instanceOf(uuid, { ...last, paths }, interfaces)
  return instance === null ? null : { instance, ageMs: last.ageMs }
}

function candidateOn(cache: Cache, index: number, name: string): Candidate | null {
  const service = cache.latest(name, 'SRV')
  if (service?.type !== 'SRV') return null
  const text = cache.latest(name, 'TXT')
  const addresses = [...cache.get(service.target, 'A'), ...cache.get(service.target, 'AAAA')]
  return {
    ageMs: cache.ageMs(name, 'SRV'),
    host: service.target,
    port: service.port,
    txt: text?.type === 'TXT' ? splitTxt(text.strings) : [],
    paths: addresses.flatMap((record) => {
      if (record.type !== 'A' && record.type !== 'AAAA') return []
      const origin = cache.isLocal(record) ? 'this machine' : 'another machine'
      return { interfaceIndex: index, family: record.type === 'A' ? 4 : 6, address: record.address, origin } as const
    })
  }
}
