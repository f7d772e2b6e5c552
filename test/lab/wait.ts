import { setTimeout as delay } from 'node:timers/promises'

/** How often `until` looks at a fact that nothing announces, in milliseconds. */
const LOOK_EVERY_MS = 5

/** The promise's result, or, after `timeoutMs`, an error that says `sentence`. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, sentence: string): Promise<T> {
  const timer = new AbortController()
  const expired = delay(timeoutMs, undefined, { signal: timer.signal }).then(
    () => Promise.reject(new Error(`${sentence} (waited ${timeoutMs} ms)`)),
    () => new Promise<never>(() => {})
  )
  try {
    return await Promise.race([promise, expired])
  } finally {
    timer.abort()
  }
}

/**
 * Looks until `fact` gives something other than undefined, null or false, and resolves with it; rejects with `sentence`
 * after `timeoutMs`. For facts that no event tells, such as the state of a process.
 */
export async function until<T>(
  fact: () => T | Promise<T>,
  timeoutMs: number,
  sentence: string
): Promise<Exclude<T, undefined | null | false>> {
  const end = Date.now() + timeoutMs
  for (;;) {
    const value = await fact()
    if (value !== undefined && value !== null && value !== false) {
      return value as Exclude<T, undefined | null | false>
    }
    if (Date.now() > end) {
      throw new Error(`${sentence} (waited ${timeoutMs} ms)`)
    }
    await delay(LOOK_EVERY_MS)
  }
}
