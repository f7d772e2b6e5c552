import { EventEmitter, once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds that a test waits for an event that should come at once: generous, for a busy machine. */
export const PATIENCE_MS = 15_000

/** Milliseconds between two checks of a fact in `until`. */
const LOOK_EVERY_MS = 2

/** The promise's result. Rejects after `timeoutMs`, with an error that begins with `complaint`. */
export async function within<T>(promise: Promise<T>, complaint: string, timeoutMs = PATIENCE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLate(complaint, timeoutMs)), timeoutMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Calls `fact` until it returns something other than undefined, null or false, and resolves with that. Rejects after
 * `timeoutMs`, with an error that begins with `complaint`. For facts that no event reports, such as the state of a
 * process.
 */
export async function until<T>(
  fact: () => T | Promise<T>,
  complaint: string,
  timeoutMs = PATIENCE_MS
): Promise<Exclude<T, undefined | null | false>> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const value = await fact()
    if (value !== undefined && value !== null && value !== false) {
      return value as Exclude<T, undefined | null | false>
    }
    if (performance.now() > end) throw tooLate(complaint, timeoutMs)
    await delay(LOOK_EVERY_MS)
  }
}

/**
 * The arguments of the next event of this name. Unlike `once` of node:events, it does not reject at an `error` event.
 */
export function next(emitter: EventEmitter, event: string, timeoutMs = PATIENCE_MS): Promise<unknown[]> {
  const coming = new Promise<unknown[]>((resolve) => emitter.once(event, (...args: unknown[]) => resolve(args)))
  return within(coming, `${emitter.constructor.name} does not emit "${event}"`, timeoutMs)
}

/** A list whose length can be waited for. */
export class Tally<T> extends EventEmitter {
  readonly items: T[] = []

  add(item: T): void {
    this.items.push(item)
    this.emit('added')
  }

  /** Waits until there are `count` items. */
  async reach(count: number, complaint: string, timeoutMs = PATIENCE_MS): Promise<T[]> {
    const controller = new AbortController()
    const reached = async () => {
      while (this.items.length < count) await once(this, 'added', { signal: controller.signal })
    }
    try {
      await within(reached(), `${complaint} (${count} are awaited, ${this.items.length} were there before)`, timeoutMs)
    } finally {
      controller.abort()
    }
    return this.items
  }
}

function tooLate(complaint: string, timeoutMs: number): Error {
  return new Error(`${complaint} (waited ${timeoutMs} ms)`)
}
