import { EventEmitter, once } from 'node:events'
import { setImmediate } from 'node:timers/promises'

/** Milliseconds that a test waits for what ought to come at once: generous, for a machine that is busy. */
export const PATIENCE_MS = 15_000

/** What a promise gives; fails with a sentence where it takes too long. */
export async function within<T>(promise: Promise<T>, sentence: string, ms = PATIENCE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Within ${ms} ms ${sentence}: it was not so.`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The arguments of an emitter's next event of a name. An `error` is no failure of the wait. */
export function next(emitter: EventEmitter, event: string, ms = PATIENCE_MS): Promise<unknown[]> {
  const coming = new Promise<unknown[]>((resolve) => emitter.once(event, (...args: unknown[]) => resolve(args)))
  return within(coming, `${emitter.constructor.name} emits "${event}"`, ms)
}

/** Waits until a condition holds that no event tells of. */
export async function until(condition: () => boolean, sentence: string, ms = PATIENCE_MS): Promise<void> {
  const deadline = performance.now() + ms
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Within ${ms} ms ${sentence}: it was not so.`)
    await setImmediate()
  }
}

/** Passes a signal on to whoever waits: a counter that can be waited for. */
export class Tally<T> extends EventEmitter {
  readonly items: T[] = []

  add(item: T): void {
    this.items.push(item)
    this.emit('added')
  }

  /** Waits until there are so many items. */
  async reach(count: number, sentence: string, ms = PATIENCE_MS): Promise<T[]> {
    const controller = new AbortController()
    const reached = async () => {
      while (this.items.length < count) await once(this, 'added', { signal: controller.signal })
    }
    try {
      await within(reached(), `${sentence} (${count}; there were ${this.items.length} at first)`, ms)
    } finally {
      controller.abort()
    }
    return this.items
  }
}
