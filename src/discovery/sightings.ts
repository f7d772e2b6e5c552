import { trace } from '../trace.js'
import type { Listener } from './discovery.js'

/** The most names that are kept; others are ignored. No cluster is that large, and a peer that is ignored still dials us. */
export const MAX_INSTANCES = 4096

/**
 * The names that a daemon has reported, kept through its outages: each change is reported once. Nothing is reported until
 * {@link begin}.
 */
export class Sightings {
  /** Names that were seen since the last outage. */
  readonly #confirmed = new Set<string>()
  /** Names that were seen only before the last outage. */
  readonly #doubted = new Set<string>()
  readonly #listener: Pick<Listener, 'seen' | 'gone'>
  #isReporting = false

  constructor(listener: Pick<Listener, 'seen' | 'gone'>) {
    this.#listener = listener
  }

  /** Reports the known names, and from then on every change. Idempotent. */
  begin(): void {
    if (this.#isReporting) return
    this.#isReporting = true
    for (const uuid of [...this.#doubted, ...this.#confirmed]) if (this.#isKnown(uuid)) this.#listener.seen(uuid)
  }

  seen(uuid: string): void {
    if (this.#confirmed.has(uuid)) return
    const isNew = !this.#doubted.delete(uuid)
    if (isNew && !this.#makeRoom()) return trace('%s: ignored: %d instances are known already', uuid, MAX_INSTANCES)
    this.#confirmed.add(uuid)
    if (isNew && this.#isReporting) this.#listener.seen(uuid)
  }

  gone(uuid: string): void {
    const isKnown = this.#confirmed.delete(uuid) || this.#doubted.delete(uuid)
    if (isKnown && this.#isReporting) this.#listener.gone(uuid)
  }

  /** The daemon is gone: each name has to be seen again to stay. */
  doubt(): void {
    for (const uuid of this.#confirmed) this.#doubted.add(uuid)
    this.#confirmed.clear()
  }

  /** Removes the names that were not seen since {@link doubt}. */
  dropDoubted(): void {
    for (const uuid of [...this.#doubted]) this.gone(uuid)
  }

  /**
   * Drops a doubted name if there is no room for a new one: the daemon reports a name once in a session, so a name that is
   * ignored now would not be reported again.
   */
  #makeRoom(): boolean {
    if (this.#confirmed.size + this.#doubted.size < MAX_INSTANCES) return true
    const [doubted] = this.#doubted
    if (doubted === undefined) return false
    this.gone(doubted)
    return true
  }

  #isKnown(uuid: string): boolean {
    return this.#confirmed.has(uuid) || this.#doubted.has(uuid)
  }
}
