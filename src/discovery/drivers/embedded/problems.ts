import { hasSameAddresses, type LinkPlace } from './active-link.js'

/** Milliseconds before an interface is tried again that could not be used: doubling to the longest. */
const [FIRST_RETRY_MS, LONGEST_RETRY_MS] = [1000, 60_000]

/** Why an interface could not be used. */
interface Problem {
  readonly error: NodeJS.ErrnoException
  readonly place: LinkPlace
  readonly retryAt: number
  readonly waitMs: number
}

/** Why interfaces could not be used, and when they are tried again. Times are those of a monotonic clock, in milliseconds. */
export class Problems {
  readonly #all = new Map<string, Problem>()

  add(key: string, place: LinkPlace, error: NodeJS.ErrnoException, now: number): void {
    const before = this.#all.get(key)
    const isAgain = before !== undefined && hasSameAddresses(before.place, place)
    const waitMs = isAgain ? Math.min(before.waitMs * 2, LONGEST_RETRY_MS) : FIRST_RETRY_MS
    this.#all.set(key, { error, place, waitMs, retryAt: now + waitMs })
  }

  /** Forgets those of interfaces that are not wanted any more. */
  keep(places: ReadonlyMap<string, unknown>): void {
    for (const key of this.#all.keys()) if (!places.has(key)) this.#all.delete(key)
  }

  /** Whether an interface may be tried: at once where it has other addresses. */
  mayTry(key: string, place: LinkPlace, now: number): boolean {
    const problem = this.#all.get(key)
    return problem === undefined || problem.retryAt <= now || !hasSameAddresses(problem.place, place)
  }

  /** When the next one is tried again; infinite where there is none. */
  get nextAt(): number {
    return Math.min(...[...this.#all.values()].map(({ retryAt }) => retryAt))
  }

  /** The error to tell a service that is on one interface, or on all (0). */
  worstOn(index: number | null): NodeJS.ErrnoException | null {
    const errors = [...this.#all.values()]
      .filter(({ place }) => index === 0 || index === place.entry.index)
      .map(({ error }) => error)
    return errors.find(({ code }) => code === 'EADDRINUSE') ?? errors[0] ?? null
  }
}
