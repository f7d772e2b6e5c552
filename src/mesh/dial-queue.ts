import type { ConnectBudget } from './connect-budget.js'
import type { Dial } from './dialer.js'
import type { Link } from './link.js'

/**
 * How many dials the services of this process may have under way together, one for each of them in any case. More would
 * only slow each other down: they share an event loop, often with the peer, too.
 */
const MAX_DIALS_TOGETHER = 64

/** Dials of one service that have yielded their turn and go on. */
const MAX_SLOW_DIALS = 64

/**
 * The queues of this process, or of this worker thread, that have dials under way: they share its event loop, so the number
 * of dials together is bounded, whatever the number of services.
 */
export const processDialing: Set<DialQueue> = new Set()

/** Turns in a row of peers that were connected before, while others wait. */
const MAX_PROVEN_IN_A_ROW = 3

/** How often dials that are slow are looked for while others wait, in milliseconds. */
const LOOK_EVERY_MS = 50

interface Turn {
  readonly isHinted: boolean
  newestIsNext: boolean
}

export interface DialQueueOptions {
  /** Dials under way at once, without those that are slow. */
  readonly maxDials: number
  /** What dials to peers that were never connected are taken out of. */
  readonly budget: ConnectBudget
  /** How many connections there is a place for, those of dials under way included. */
  readonly places: () => number
  /** Called with how many dials may begin now, and only while peers wait: {@link DialQueue.take} tells which. */
  readonly onRoom: (room: number) => void
  /** The queues that share an event loop and have dials under way; default: {@link processDialing}. */
  readonly dialing?: Set<DialQueue>
}

/**
 * Decides which peer is dialed next, where more are to be dialed than may be at once. False announcements are cheap, and
 * must not delay real peers:
 *
 * - Peers that were connected before come first, but have three turns of four at most while others wait: without security
 *   false peers can connect, too.
 * - Of the others, turns alternate between the newest peer of which no dial has ended, and the peer that waits longest, so
 *   that a flood of false announcements before or after a real one cannot starve it. They begin only as fast as the budget
 *   allows.
 * - A dial that takes longer than one on a local network does yields its turn while others wait. It goes on; where too
 *   many do, the oldest fails.
 */
export class DialQueue {
  readonly #options: DialQueueOptions
  readonly #dialing: Set<DialQueue>
  readonly #dials = new Set<Dial>()
  /** Dials that have yielded their turn, the oldest first. */
  readonly #slow = new Set<Dial>()
  /** Peers that were connected before, in the order in which they came. */
  readonly #proven = new Set<Link>()
  /** The others, in the order in which they came. */
  readonly #waiting = new Set<Link>()
  /** Those of {@link #waiting} of which no dial has ended. */
  readonly #fresh = new Set<Link>()
  /** Links that have their turn, until their dials begin. */
  readonly #called = new Set<Link>()
  /**
   * One for peers with a hint, one for peers that have to be asked for. Connects and questions have budgets of their own, so
   * each kind alternates by itself: an empty budget of one kind must not decide which peer of the other kind comes next.
   */
  readonly #turns: Turn[] = [
    { isHinted: true, newestIsNext: true },
    { isHinted: false, newestIsNext: true }
  ]
  /** Turns that peers which were connected before have had since the last of the others. */
  #provenInARow = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: DialQueueOptions) {
    this.#options = options
    this.#dialing = options.dialing ?? processDialing
  }

  /** Whether a dial of this link may begin now. */
  hasRoomFor(link: Link): boolean {
    return this.#called.has(link) || (this.#room > 0 && this.#isAllowed(link))
  }

  /** How many dials may begin. */
  get #room(): number {
    const { maxDials, places } = this.#options
    const share = Math.max(Math.floor(MAX_DIALS_TOGETHER / Math.max(this.#dialing.size, 1)), 1)
    const begun = this.#dials.size + this.#called.size
    return Math.min(Math.min(maxDials, share) - begun, places() - begun - this.#slow.size)
  }

  /** A link's dial begins: it waits no more, and has had its turn. */
  begin(link: Link, dial: Dial): void {
    this.#remove(link)
    this.#dials.add(dial)
    this.#dialing.add(this)
    this.#watch()
  }

  /** A dial has ended: another may begin. */
  end(dial: Dial): void {
    this.#slow.delete(dial)
    this.#leaveTurn(dial)
    this.#offer()
  }

  /** Has a link wait for its turn, from now on: behind those of its kind that wait already. */
  add(link: Link): void {
    this.#remove(link)
    if (link.places.isProven) this.#proven.add(link)
    else this.#waiting.add(link)
    if (link.isNew) this.#fresh.add(link)
    this.#watch()
  }

  /** A link is not to be dialed any more. Where it had its turn, another may begin; to find the next takes longer, the more wait. */
  leave(link: Link): void {
    if (this.#remove(link)) this.#offer()
  }

  /** There is a place for another connection. */
  onPlaceFreed(): void {
    this.#offer()
  }

  /**
   * Gives the next links their turn: `count` at most, and no more than there is room for. Each keeps its turn until it
   * leaves the queue or is added again.
   */
  take(count: number): Link[] {
    const links: Link[] = []
    while (links.length < count && this.#room > 0) {
      const link = this.#next()
      if (link === null) break
      this.#remove(link)
      this.#called.add(link)
      links.push(link)
    }
    return links
  }

  /** Forgets all that wait. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#proven.clear()
    this.#waiting.clear()
    this.#fresh.clear()
    this.#called.clear()
  }

  /** Returns whether it was the link's turn. */
  #remove(link: Link): boolean {
    this.#proven.delete(link)
    this.#waiting.delete(link)
    this.#fresh.delete(link)
    return this.#called.delete(link)
  }

  #offer(): void {
    if (!this.#isEmpty && this.#room > 0) this.#options.onRoom(1)
  }

  #next(): Link | null {
    const proven = first(this.#proven)
    const isOthersTurn = proven === null || this.#provenInARow >= MAX_PROVEN_IN_A_ROW
    const other = isOthersTurn ? this.#nextOfOthers() : null
    this.#provenInARow = other === null ? this.#provenInARow + 1 : 0
    return other ?? proven
  }

  #nextOfOthers(): Link | null {
    if (this.#options.budget.left() <= this.#called.size) return null
    for (const turn of this.#turns) {
      const link = this.#nextOf(turn)
      if (link === null) continue
      turn.newestIsNext = !turn.newestIsNext
      // The other kind comes first next time.
      this.#turns.push(...this.#turns.splice(this.#turns.indexOf(turn), 1))
      return link
    }
    return null
  }

  #nextOf({ isHinted, newestIsNext }: Turn): Link | null {
    const isMeant = (link: Link) => (link.places.first !== null) === isHinted && this.#isAllowed(link)
    const oldest = () => first(this.#waiting, isMeant)
    return newestIsNext ? (newest(this.#fresh, isMeant) ?? oldest()) : oldest()
  }

  /** Whether the budget has something for a link, beside what it has for those that were called. */
  #isAllowed(link: Link): boolean {
    const { places } = link
    const { first } = places
    if (places.isProven && (first === null || places.wasMetAt(first))) return true
    let called = 0
    for (const other of this.#called) if (other.places.first === first) called++
    const { budget } = this.#options
    const left = first === null ? budget.questionsLeft : budget.left(first)
    return left > called && budget.left() > this.#called.size
  }

  #leaveTurn(dial: Dial): void {
    this.#dials.delete(dial)
    if (this.#dials.size === 0) this.#dialing.delete(this)
  }

  get #isEmpty(): boolean {
    return this.#proven.size === 0 && this.#waiting.size === 0
  }

  #watch(): void {
    if (this.#isEmpty) return
    this.#timer ??= setTimeout(() => {
      // What has arrived while this process was busy is read first.
      setImmediate(this.#hurry)
    }, LOOK_EVERY_MS)
  }

  readonly #hurry = (): void => {
    this.#timer = undefined
    if (this.#isEmpty) return
    const wanted = this.#proven.size + Math.min(this.#waiting.size, this.#options.budget.left())
    const missing = Math.max(wanted - Math.max(this.#room, 0), 0)
    for (const dial of [...this.#dials].filter((dial) => dial.isSlow()).slice(0, missing)) this.#yieldTurn(dial)
    if (this.#room > 0) this.#options.onRoom(this.#room)
    this.#watch()
  }

  #yieldTurn(dial: Dial): void {
    this.#leaveTurn(dial)
    this.#slow.add(dial)
    const { places } = this.#options
    const isCrowded = this.#slow.size > MAX_SLOW_DIALS || places() <= this.#dials.size + this.#slow.size
    if (isCrowded) first(this.#slow)?.giveWay()
  }
}

const any = () => true

function first<T>(set: ReadonlySet<T>, isMeant: (item: T) => boolean = any): T | null {
  for (const item of set) if (isMeant(item)) return item
  return null
}

function newest(links: ReadonlySet<Link>, isMeant: (link: Link) => boolean): Link | null {
  let found: Link | null = null
  for (const link of links) if ((found === null || link.number > found.number) && isMeant(link)) found = link
  return found
}
