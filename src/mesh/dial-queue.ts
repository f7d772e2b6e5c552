import type { Dial } from './dialer.js'
import type { Link } from './link.js'

/**
 * How many dials the services of this process may have under way together, one for each of them in any case. More would
 * only slow each other down: they share an event loop, often with the peer, too.
 */
const MAX_DIALS_TOGETHER = 64

/** The queues of this process that have dials under way. */
const dialing = new Set<DialQueue>()

/** How often dials that are slow are looked for while others wait, in milliseconds. */
const LOOK_EVERY_MS = 50

/**
 * Whose turn it is, where more peers are to be dialed than may be at once. A stranger can announce as many as he likes
 * that lead nowhere, and must not hold up those that are there. So turns alternate: one is for the newest of the peers
 * that were never dialed, who is dialed at once however many wait; the next for the one that waits longest, who has his
 * turn however many come after. And a dial that takes longer than one on a local network does makes way while others
 * wait; it is repeated as any that fails.
 */
export class DialQueue {
  readonly #maxDials: number
  readonly #onRoom: (room: number) => void
  readonly #dials = new Set<Dial>()
  /** In the order in which they came. */
  readonly #waiting = new Set<Link>()
  /** Those of them that were never dialed. */
  readonly #fresh = new Set<Link>()
  #newestIsNext = true
  #timer: NodeJS.Timeout | undefined

  /** @param onRoom called with how many dials may begin now, because other services have become idle */
  constructor(maxDials: number, onRoom: (room: number) => void) {
    this.#maxDials = maxDials
    this.#onRoom = onRoom
  }

  /** How many dials are under way. */
  get dials(): number {
    return this.#dials.size
  }

  get isFull(): boolean {
    return this.#room <= 0
  }

  /** How many dials may begin. */
  get #room(): number {
    const share = Math.max(Math.floor(MAX_DIALS_TOGETHER / Math.max(dialing.size, 1)), 1)
    return Math.min(this.#maxDials, share) - this.#dials.size
  }

  begin(dial: Dial): void {
    this.#dials.add(dial)
    dialing.add(this)
    this.#watch()
  }

  end(dial: Dial): void {
    this.#dials.delete(dial)
    if (this.#dials.size === 0) dialing.delete(this)
  }

  /** Has a link wait for its turn, from now on: behind those that wait already. */
  add(link: Link): void {
    this.leave(link)
    this.#waiting.add(link)
    if (link.isNew) this.#fresh.add(link)
    this.#watch()
  }

  leave(link: Link): void {
    this.#waiting.delete(link)
    this.#fresh.delete(link)
  }

  /** Takes the link whose turn it is; null where none waits. */
  next(): Link | null {
    const oldest = first(this.#waiting)
    const link = this.#newestIsNext ? (last(this.#fresh) ?? oldest) : oldest
    if (link === null) return null
    this.#newestIsNext = !this.#newestIsNext
    this.leave(link)
    return link
  }

  /** Forgets who waits. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting.clear()
    this.#fresh.clear()
  }

  /** While no dial is under way, none waits for another. */
  #watch(): void {
    if (this.#waiting.size === 0 || this.#dials.size === 0) return
    this.#timer ??= setTimeout(() => {
      // What has arrived while this process was busy is read first.
      setImmediate(this.#hurry)
    }, LOOK_EVERY_MS)
  }

  /** Dials that take long: as many as wait. Each that gives way lets another begin. */
  #slow(): Dial[] {
    return [...this.#dials].filter((dial) => dial.isSlow()).slice(0, this.#waiting.size)
  }

  readonly #hurry = (): void => {
    this.#timer = undefined
    if (!this.isFull) this.#onRoom(this.#room)
    else for (const dial of this.#slow()) dial.giveWay()
    this.#watch()
  }
}

function first<T>(set: ReadonlySet<T>): T | null {
  for (const item of set) return item
  return null
}

function last<T>(set: ReadonlySet<T>): T | null {
  let item: T | null = null
  for (item of set);
  return item
}
