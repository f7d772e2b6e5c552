import type { Interfaces } from '../../../net/addresses.js'
import type { Instance } from '../../discovery.js'
import { instanceOf } from '../../instance.js'
import type { LocationPath } from '../../session.js'
import { splitTxt } from '../../txt.js'
import type { Cache } from './cache.js'
import { instanceName } from './names.js'
import type { NetworkLink } from './network-user.js'

/** An instance, as the records tell that were heard. */
export interface Found {
  readonly instance: Instance
  /** Milliseconds since the last of them came that says its host and port. */
  readonly ageMs: number
}

/** What is known of an instance on one interface. */
interface Candidate {
  readonly ageMs: number
  readonly host: string
  readonly port: number
  readonly txt: readonly string[]
  readonly paths: readonly LocationPath[]
}

/**
 * Where an instance is by what was heard on some links; null where that is not all. Where interfaces disagree on host or port, the one
 * is right that was told last.
 */
export function whereIs(
  uuid: string,
  type: string,
  links: readonly NetworkLink[],
  interfaces: Interfaces
): Found | null {
  // The links of an interface share what they know.
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
