import type { ConnectBudget } from './connect-budget.js'
import type { Dial } from './dialer.js'
import type { Link } from './link.js'

/**
 * The most dials that the services of this process may have under way together, though each service may always have one. More
 * would only slow each other down: they share an event loop, often with the peers as well.
 */
const MAX_DIALS_TOGETHER = 64

/** The most dials of one service that have yielded their turn and continue. */
const MAX_SLOW_DIALS = 64

/**
 * The queues of this process, or of this worker thread, that have dials under way. They share its event loop, so the total
 * number of dials is bounded, whatever the number of services.
 */
export const processDialing: Set<DialQueue> = new Set()

/** The most turns in a row for peers that were connected before, while others wait. */
const MAX_PROVEN_IN_A_ROW = 3

/**
 * Milliseconds between checks for slow dials while others wait, and the most dials that yield their turn in one: each may make
 * another dial fail, and another begin.
 */
const LOOK_EVERY_MS = 50
const MAX_YIELDING = 4

interface Turn {
  readonly isHinted: boolean
  newestIsNext: boolean
}

export interface DialQueueOptions {
  /** The most dials under way at once; slow ones that have yielded their turn do not count. */
  readonly maxDials: number
  /** The budget for dials to peers that were never connected. */
  readonly budget: ConnectBudget
  /** How many more connections are possible; dials under way do not reduce the number. */
  readonly places: () => number
  /** Called with the number of dials that may begin now, only while peers wait: {@link DialQueue.take} returns which. */
  readonly onRoom: (room: number) => void
  /** The queues that share an event loop and have dials under way; default: {@link processDialing}. */
  readonly dialing?: Set<DialQueue>
}

/**
 * Decides which peer is dialed next if more peers are to be dialed than the limit allows at once. False announcements are
 * cheap, and must not delay real peers:
 *
 * - Peers that were connected before come first, but get at most three turns of four while others wait: without security, false
 *   peers can connect, too.
 * - Among the others, turns alternate between the newest peer that was not dialed yet and the peer that has waited longest, so
 *   that a flood of false announcements before or after a real one cannot starve it. The budget limits how fast these dials
 *   begin.
 * - A dial that takes longer than is usual on a local network yields its turn while others wait. It continues; if there are too
 *   many such dials, the oldest fails.
 */
export class DialQueue {
  readonly #options: DialQueueOptions
  readonly #dialing: Set<DialQueue>
  readonly #dials = new Set<Dial>()
  /** Dials that have yielded their turn, the oldest first. */
  readonly #slow = new Set<Dial>()
  /** Peers that were connected before, in the order of their arrival. */
  readonly #proven = new Set<Link>()
  /** The other peers, in the order of their arrival. */
  readonly #waiting = new Set<Link>()
  /** The part of {@link #waiting} of which no dial has ended. */
  readonly #fresh = new Set<Link>()
  /** Links that have got their turn and whose dials have not begun. */
  readonly #called = new Set<Link>()
  /**
   * One entry for peers with a hint, one for peers whose place has to be asked for. Connects and questions have separate
   * budgets, so each kind alternates by itself: an empty budget of one kind must not decide which peer of the other kind comes
   * next.
   */
  readonly #turns: Turn[] = [
    { isHinted: true, newestIsNext: true },
    { isHinted: false, newestIsNext: true }
  ]
  /** Consecutive turns of peers that were connected before. */
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

  /** Gives a link its turn, which it keeps until it leaves the queue or is added again. */
  call(link: Link): void {
    this.#remove(link)
    this.#called.add(link)
  }

  /** A link's dial begins: the link leaves the queue. */
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

  /** Queues a link, behind those of its kind that wait already. */
  add(link: Link): void {
    this.#remove(link)
    if (link.places.isProven) this.#proven.add(link)
    else this.#waiting.add(link)
    if (link.isNew) this.#fresh.add(link)
    this.#watch()
  }

  /**
   * A link is not to be dialed any more. If it had its turn, another dial may begin. The time to find the next link grows with
   * the queue.
   */
  leave(link: Link): void {
    if (this.#remove(link)) this.#offer()
  }

  /** Another connection has become possible. */
  onPlaceFreed(): void {
    this.#offer()
  }

  /**
   * Gives the next links their turn: at most `count`, and no more than there is room for.
   */
  take(count: number): Link[] {
    const links: Link[] = []
    while (links.length < count && this.#room > 0) {
      const link = this.#next()
      if (link === null) break
      this.call(link)
      links.push(link)
    }
    return links
  }

  /** Removes all links. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#proven.clear()
    this.#waiting.clear()
    this.#fresh.clear()
    this.#called.clear()
  }

  /** Returns whether the link had its turn. */
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
    // Thousands of false names may wait for a question: none of them is looked at while none may be sent.
    if (!isHinted && this.#options.budget.questionsLeft === 0) return null
    // Thousands of false peers may name one address: its budget is looked up once.
    const budgets = new Map<string | null, boolean>()
    const isMeant = (link: Link) => (link.places.first !== null) === isHinted && this.#isAllowed(link, budgets)
    const oldest = () => first(this.#waiting, isMeant)
    return newestIsNext ? (newest(this.#fresh, isMeant) ?? oldest()) : oldest()
  }

  /**
   * Whether the budget allows a dial of the link, in addition to those of the links that have their turn.
   *
   * @param known what the budget allows, by address: an entry is added for an address that has none
   */
  #isAllowed({ places }: Link, known = new Map<string | null, boolean>()): boolean {
    const { first } = places
    if (places.isProven && (first === null || places.wasConnectedAt(first))) return true
    const isAllowed = known.get(first) ?? this.#hasBudgetFor(first)
    known.set(first, isAllowed)
    return isAllowed
  }

  /** Whether the budget allows a connect to an address, or a question if there is none. */
  #hasBudgetFor(address: string | null): boolean {
    let called = 0
    for (const { places } of this.#called) if (places.first === address) called++
    const { budget } = this.#options
    const left = address === null ? budget.questionsLeft : budget.left(address)
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
      // Data that arrived while this process was busy is read first.
      setImmediate(this.#hurry)
    }, LOOK_EVERY_MS)
  }

  readonly #hurry = (): void => {
    this.#timer = undefined
    if (this.#isEmpty) return
    const wanted = this.#proven.size + Math.min(this.#waiting.size, this.#options.budget.left())
    const missing = Math.min(Math.max(wanted - Math.max(this.#room, 0), 0), MAX_YIELDING)
    for (const dial of [...this.#dials].filter((dial) => dial.isSlow()).slice(0, missing)) this.#yieldTurn(dial)
    if (this.#room > 0) this.#options.onRoom(this.#room)
    this.#watch()
  }

  #yieldTurn(dial: Dial): void {
    this.#leaveTurn(dial)
    this.#slow.add(dial)
    const { places } = this.#options
    const isCrowded = this.#slow.size > MAX_SLOW_DIALS || places() <= this.#dials.size + this.#slow.size
    if (isCrowded) first(this.#slow)?.evict()
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
