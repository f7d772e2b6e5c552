import { isIP } from 'node:net'
import type { Location } from '../addon.js'
import { isHost } from '../network.js'
import { trace } from '../trace.js'
import type { Instance, Path } from './discovery.js'
import { parseTxt } from './txt.js'

/** Addresses of an instance beyond this many are ignored: a host has a few on each interface. */
export const MAX_PATHS = 64

/** The instance that a daemon's answer tells; null where it has no address that can be dialed. */
export function instanceOf(uuid: string, { host, port, txt, paths }: Location): Instance | null {
  const usable = usablePaths(paths)
  if (port >= 1 && port <= 65535 && usable.length > 0) return { uuid, host, port, txt: parseTxt(txt), paths: usable }
  trace('%s: the daemon has no address of it that can be dialed: port %d', uuid, port)
  return null
}

function usablePaths(paths: Location['paths']): Path[] {
  const usable = new Map<string, Path>()
  for (const { interfaceIndex, address } of paths) {
    const family = isIP(address)
    if ((family === 4 || family === 6) && usable.size < MAX_PATHS && isHost(address, interfaceIndex))
      usable.set(`${interfaceIndex} ${address}`, { interfaceIndex, family, address })
  }
  return [...usable.values()]
}

/** Begins a question; `done` is called at most once with what ends it. Returns a function that takes the question back. */
export type Begin<T> = (done: (answer: T | null) => void) => () => void

/** Puts a question that ends with its answer, when `signal` is aborted, or after `timeoutMs`: then with null. */
export function ask<T>(begin: Begin<T>, signal: AbortSignal, timeoutMs: number): Promise<T | null> {
  if (signal.aborted) return Promise.resolve(null)
  return new Promise((resolve) => {
    const end = (answer: T | null) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      takeBack()
      resolve(answer)
    }
    const onAbort = () => end(null)
    const timer = setTimeout(onAbort, timeoutMs)
    signal.addEventListener('abort', onAbort)
    const takeBack = begin(end)
  })
}
