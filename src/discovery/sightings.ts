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
  /** By uuid: whether the name was seen since the last outage. */
  readonly #seen = new Map<string, { confirmed: boolean }>()
  readonly #listener: Pick<Listener, 'seen' | 'gone'>
  #telling = false

  constructor(listener: Pick<Listener, 'seen' | 'gone'>) {
    this.#listener = listener
  }

  /** Tells what is known so far, and from here on what changes. */
  begin(): void {
    this.#telling = true
    for (const uuid of [...this.#seen.keys()]) if (this.#seen.has(uuid)) this.#listener.seen(uuid)
  }

  seen(uuid: string): void {
    const known = this.#seen.get(uuid)
    if (known !== undefined) {
      known.confirmed = true
      return
    }
    if (this.#seen.size >= MAX_INSTANCES)
      return trace('%s: ignored: %d instances are known already', uuid, MAX_INSTANCES)
    this.#seen.set(uuid, { confirmed: true })
    if (this.#telling) this.#listener.seen(uuid)
  }

  gone(uuid: string): void {
    if (this.#seen.delete(uuid) && this.#telling) this.#listener.gone(uuid)
  }

  /** The daemon is gone: each name has to be seen again. */
  doubt(): void {
    for (const entry of this.#seen.values()) entry.confirmed = false
  }

  /** Forgets the names that were not seen since {@link doubt}. */
  dropDoubted(): void {
    for (const [uuid, { confirmed }] of [...this.#seen]) if (!confirmed) this.gone(uuid)
  }
}
