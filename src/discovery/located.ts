import { isIP } from 'node:net'
import type { Path } from '../net/addresses.js'
import { type Interfaces, interfacesNow, isHost, isLoopback, isOwn } from '../net/addresses.js'
import { trace } from '../trace.js'
import type { Instance, Txt } from './discovery.js'
import { shownHost } from './host-name.js'
import type { Location, LocationPath } from './session.js'
import { parseTxt } from './txt.js'

/** Addresses of an instance beyond this many are ignored: a host has a few on each interface. */
export const MAX_PATHS = 64

/**
 * The instance that a daemon's answer tells; null where it has no address that can be dialed.
 *
 * @param interfaces this machine's; by default as they are now
 */
export function instanceOf(uuid: string, location: Location, interfaces = interfacesNow()): Instance | null {
  const { host, port, txt, paths } = location
  const usable = usablePaths(paths, interfaces)
  if (Number.isInteger(port) && port >= 1 && port <= 65535 && usable.length > 0)
    return { uuid, host: shownHost(host), port, txt: parseTxt(txt), paths: usable }
  trace('%s: the daemon has no address of it that can be dialed: port %d', uuid, port)
  return null
}

function usablePaths(paths: readonly LocationPath[], interfaces: Interfaces): Path[] {
  const usable = new Map<string, Path>()
  for (const { interfaceIndex, address, origin } of paths) {
    const family = isIP(address)
    if ((family !== 4 && family !== 6) || !isHost(address, interfaceIndex, interfaces)) continue
    // Another machine that announces an address of ours would have this service dial whatever listens there.
    if (origin === 'another machine' && !isLoopback(address) && isOwn(address, interfaces)) continue
    if (usable.size < MAX_PATHS) usable.set(`${interfaceIndex} ${address}`, { interfaceIndex, family, address })
  }
  return [...usable.values()]
}

/** Whether an instance has the kind of security that a service announces: none where nothing is said of it. */
export function hasSecurity({ txt }: Instance, announced: Txt): boolean {
  return (txt.sec ?? 'none') === (announced.sec ?? 'none')
}

/**
 * What two answers about an instance say together. Where only one of them tells our kind of security, it is right: a false
 * answer must not keep the peer from being dialed. Where they disagree on host or port, the later one is.
 *
 * @param own what this service announces
 */
export function joined(before: Instance | null, answer: Instance, own: Txt): Instance {
  if (before === null) return answer
  const wasOurs = hasSecurity(before, own)
  if (wasOurs !== hasSecurity(answer, own)) return wasOurs ? before : answer
  if (before.host !== answer.host || before.port !== answer.port) return answer
  const paths = new Map(
    [...before.paths, ...answer.paths].map((path) => [`${path.interfaceIndex} ${path.address}`, path])
  )
  return { ...answer, paths: [...paths.values()].slice(0, MAX_PATHS) }
}

/** Begins a question; `done` is called at most once with what ends it. Returns a function that takes the question back. */
export type Begin<T> = (done: (answer: T | null) => void) => () => void

/** Puts a question that ends with its answer, when `signal` is aborted, or after `timeoutMs`: then with null. */
export function ask<T>(begin: Begin<T>, signal: AbortSignal, timeoutMs: number): Promise<T | null> {
  if (signal.aborted) return Promise.resolve(null)
  return new Promise((resolve) => {
    let takeBack: (() => void) | null = null
    let ended = false
    const end = (answer: T | null) => {
      ended = true
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      takeBack?.()
      resolve(answer)
    }
    const onAbort = () => end(null)
    const timer = setTimeout(onAbort, timeoutMs)
    signal.addEventListener('abort', onAbort)
    takeBack = begin(end)
    // A session that fails as it is asked ends its questions from within `begin`.
    if (ended) takeBack()
  })
}
