import { trace } from '../trace.js'
import type { Listener } from './discovery.js'

/**
 * Names beyond this many are ignored: no cluster is that large. A peer that is ignored still dials us.
 */
export const MAX_INSTANCES = 4096

/**
 * The names that a daemon told, through its outages: each change is told once. Nothing is told until {@link begin}.
 */
export class Sightings {
  /** Names that were seen since the last outage. */
  readonly #confirmed = new Set<string>()
  /** Names that were seen before it alone. */
  readonly #doubted = new Set<string>()
  readonly #listener: Pick<Listener, 'seen' | 'gone'>
  #telling = false

  constructor(listener: Pick<Listener, 'seen' | 'gone'>) {
    this.#listener = listener
  }

  /** Tells what is known so far, and from here on what changes. Idempotent. */
  begin(): void {
    if (this.#telling) return
    this.#telling = true
    for (const uuid of [...this.#doubted, ...this.#confirmed]) if (this.#isKnown(uuid)) this.#listener.seen(uuid)
  }

  seen(uuid: string): void {
    if (this.#confirmed.has(uuid)) return
    const isNew = !this.#doubted.delete(uuid)
    if (isNew && !this.#makeRoom()) return trace('%s: ignored: %d instances are known already', uuid, MAX_INSTANCES)
    this.#confirmed.add(uuid)
    if (isNew && this.#telling) this.#listener.seen(uuid)
  }

  gone(uuid: string): void {
    const isKnown = this.#confirmed.delete(uuid) || this.#doubted.delete(uuid)
    if (isKnown && this.#telling) this.#listener.gone(uuid)
  }

  /** The daemon is gone: each name has to be seen again. */
  doubt(): void {
    for (const uuid of this.#confirmed) this.#doubted.add(uuid)
    this.#confirmed.clear()
  }

  /** Forgets the names that were not seen since {@link doubt}. */
  dropDoubted(): void {
    for (const uuid of [...this.#doubted]) this.gone(uuid)
  }

  /** Drops a doubted name where there is no room: the daemon tells a name once in a session, so one that is ignored now is never told. */
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
