import { EventEmitter, once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds that a test waits for what ought to come at once: generous, for a machine that is busy. */
export const PATIENCE_MS = 15_000

/** How often `until` looks at a fact that no event tells, in milliseconds. */
const LOOK_EVERY_MS = 2

/** The promise's result; after `timeoutMs` an error that says what is wrong then. */
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
 * Looks until `fact` gives something other than undefined, null or false, and resolves with it; after `timeoutMs` it rejects
 * with an error that says what is wrong then. For facts that no event tells, such as the state of a process.
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

/** The arguments of an emitter's next event of a name. An `error` does not fail the wait, other than with `once`. */
export function next(emitter: EventEmitter, event: string, timeoutMs = PATIENCE_MS): Promise<unknown[]> {
  const coming = new Promise<unknown[]>((resolve) => emitter.once(event, (...args: unknown[]) => resolve(args)))
  return within(coming, `${emitter.constructor.name} does not emit "${event}"`, timeoutMs)
}

/** A list that can be waited for. */
export class Tally<T> extends EventEmitter {
  readonly items: T[] = []

  add(item: T): void {
    this.items.push(item)
    this.emit('added')
  }

  /** Waits until there are so many items. */
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
