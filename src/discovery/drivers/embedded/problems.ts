import { hasSameAddresses, type LinkPlace } from './active-link.js'

/** Milliseconds before an interface that could not be used is tried again: the first wait doubles up to the longest. */
const [FIRST_RETRY_MS, LONGEST_RETRY_MS] = [1000, 60_000]

/** Why an interface could not be used. */
interface Problem {
  readonly error: NodeJS.ErrnoException
  readonly place: LinkPlace
  readonly waitMs: number
  /** When it is tried again; infinity once it is open. */
  readonly retryAt: number
  /** When it was opened after all: it may fail again at the first message. Null if it is not open. */
  readonly openedAt: number | null
}

/**
 * Why interfaces could not be used, and when they are tried again. Times are those of a monotonic clock, in
 * milliseconds.
 */
export class Problems {
  readonly #all = new Map<string, Problem>()

  add(key: string, place: LinkPlace, error: NodeJS.ErrnoException, now: number): void {
    const before = this.#all.get(key)
    const hasWorked = now - (before?.openedAt ?? now) >= LONGEST_RETRY_MS
    const isAgain = before !== undefined && !hasWorked && hasSameAddresses(before.place, place)
    const waitMs = isAgain ? Math.min(before.waitMs * 2, LONGEST_RETRY_MS) : FIRST_RETRY_MS
    this.#all.set(key, { error, place, waitMs, retryAt: now + waitMs, openedAt: null })
  }

  /** An interface is open. If it fails soon, it counts as failed again. */
  opened(key: string, now: number): void {
    const problem = this.#all.get(key)
    if (problem !== undefined) this.#all.set(key, { ...problem, openedAt: now, retryAt: Number.POSITIVE_INFINITY })
  }

  /** Forgets the problems of interfaces that are no longer needed. */
  keep(places: ReadonlyMap<string, unknown>): void {
    for (const key of this.#all.keys()) if (!places.has(key)) this.#all.delete(key)
  }

  /** Whether an interface may be tried: after its wait, or at once if its addresses have changed. */
  mayTry(key: string, place: LinkPlace, now: number): boolean {
    const problem = this.#all.get(key)
    return problem === undefined || problem.retryAt <= now || !hasSameAddresses(problem.place, place)
  }

  /** When the next interface is tried again; infinity if there is none. */
  get nextAt(): number {
    return Math.min(...[...this.#all.values()].map(({ retryAt }) => retryAt))
  }

  /** The error to report to a service on one interface, or on all (0): that of a port in use first. */
  worstOn(index: number | null): NodeJS.ErrnoException | null {
    const errors = [...this.#all.values()]
      .filter(({ place, openedAt }) => openedAt === null && (index === 0 || index === place.entry.index))
      .map(({ error }) => error)
    return errors.find(({ code }) => code === 'EADDRINUSE') ?? errors[0] ?? null
  }
}
