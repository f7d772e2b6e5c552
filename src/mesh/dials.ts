import type { Socket } from 'node:net'
import type { TcpnetError } from '../errors.js'
import { securityObjection } from '../security/security.js'
import { Allowance, type ConnectBudget, processBudget } from './connect-budget.js'
import { DialQueue } from './dial-queue.js'
import { DialStarts } from './dial-starts.js'
import { Dial, type DialResult } from './dialer.js'
import type { Link } from './link.js'
import type { MeshOptions } from './options.js'
import { connectTo, type Endpoint } from './race.js'

/** Milliseconds between two questions where a connected peer is whose uuid others claim. */
const ASK_AGAIN_MS = 10_000

/** What the dials of a mesh need from it. */
export interface DialsOptions extends MeshOptions {
  /** How many dials this service has answered with `ok`. */
  readonly accepted: () => number
  /** How many connections there are. */
  readonly connections: () => number
  /** A link has its turn, or new facts: its next step is to be decided. */
  readonly onTurn: (link: Link) => void
}

/** The dials of one mesh: their order, their targets, the contents of their hellos, and their use of the budget. */
export class Dials {
  readonly #options: DialsOptions
  readonly #budget: ConnectBudget
  readonly #queue: DialQueue
  readonly #starts: DialStarts
  /** How many questions about a peer count against the budget, until it is connected. */
  readonly #questions = new WeakMap<Link, number>()
  /** The time of the last question about a connected peer, in milliseconds of the monotonic clock. */
  readonly #placedAt = new WeakMap<Link, number>()
  /** The number of hellos sent, which numbers the dials. */
  #hellos = 0

  constructor(options: DialsOptions) {
    const { uuid, limits, budget = processBudget, connections, onTurn } = options
    this.#options = options
    this.#budget = budget
    this.#starts = new DialStarts(uuid, onTurn)
    this.#queue = new DialQueue({
      maxDials: limits.maxDials,
      budget,
      places: () => limits.maxPeers - connections(),
      onRoom: (room) => {
        for (const link of this.#queue.take(room)) onTurn(link)
      }
    })
  }

  /**
   * Dials a peer, or calls `onTurn` when it can be dialed.
   *
   * @param done as in {@link Dial}
   */
  next(link: Link, done: (result: DialResult) => void): void {
    if (!this.#queue.hasRoomFor(link)) return this.#queue.add(link)
    if (!this.#starts.mayStart(link)) return this.#queue.call(link)
    const { dial, reason } = this.#make(link, done)
    this.#queue.begin(link, dial)
    link.enter({ kind: 'dialing', dial }, reason)
  }

  /** Calls `change`, after which a link that may be dialing or queued is neither. */
  leave(link: Link, change: () => void): void {
    const dial = link.state.kind === 'dialing' ? link.state.dial : null
    change()
    this.#queue.leave(link)
    if (dial !== null) this.#queue.end(dial)
  }

  /** Another connection has become possible. */
  onPlaceFreed(): void {
    this.#queue.onPlaceFreed()
  }

  /** Removes all links from the queue. */
  clear(): void {
    this.#queue.clear()
  }

  #make(link: Link, done: (result: DialResult) => void): { dial: Dial; reason: string } {
    const endpoints = link.places.hinted()
    const { name, uuid, boot, security, limits, port, keepAlive, accepted, connect = connectTo } = this.#options
    const hello = (socket: Socket) => ({
      name,
      from: uuid,
      boot,
      to: link.uuid,
      seq: accepted(),
      dial: ++this.#hellos,
      port: port(),
      keepalive: keepAlive?.(socket) ?? null
    })
    const dial = new Dial(
      {
        uuid: link.uuid,
        endpoints,
        locate: (signal, isBeside) => this.#locate(link, signal, isBeside),
        security,
        deadlineMs: limits.helloTimeoutMs,
        slowAfterMs: limits.slowAfterMs,
        silentAfterMs: limits.silentAfterMs,
        hello,
        connect,
        allowance: new Allowance(this.#budget, (address) => link.places.wasConnectedAt(address))
      },
      done
    )
    return { dial, reason: endpoints.length > 0 ? 'hinted at' : 'announced' }
  }

  /** A peer is connected: questions about it do not count against the budget. */
  onConnected(link: Link): void {
    for (let left = this.#questions.get(link) ?? 0; left > 0; left--) this.#budget.giveBackQuestion()
    this.#questions.delete(link)
  }

  /**
   * Asks where a connected peer is whose uuid another connection claims, to distinguish the peer from an impostor: within the
   * budget of questions, and at most once in {@link ASK_AGAIN_MS}. After an answer the link's next step is decided again.
   */
  async place(link: Link): Promise<void> {
    const { locate, security, limits, onTurn } = this.#options
    const { uuid, places } = link
    const [now, before] = [performance.now(), this.#placedAt.get(link)]
    if (before !== undefined && now - before < ASK_AGAIN_MS) return
    this.#placedAt.set(link, now)
    if (!this.#budget.takeQuestion()) return
    const instance = await locate(uuid, AbortSignal.timeout(limits.helloTimeoutMs))
    if (instance === null || securityObjection(security, uuid, instance.txt.sec) !== null) return
    this.#budget.giveBackQuestion()
    places.take(instance)
    onTurn(link)
  }

  /** Asks where a peer is, within the budget of questions about peers that were never connected. */
  async #locate(link: Link, signal: AbortSignal, isBeside: boolean): Promise<readonly Endpoint[] | TcpnetError | null> {
    const { locate, security } = this.#options
    const { isProven } = link.places
    if (!isProven) {
      // Dials that wait for a question of their own come first: false peers that are slow must not use up the budget.
      if (!this.#budget.takeQuestion(isBeside)) return null
      this.#count(link, 1)
    }
    const instance = await locate(link.uuid, signal)
    // Aborted because the peer has dialed or was reached meanwhile: the question counts until the peer is connected.
    if (signal.aborted) return null
    if (instance === null) {
      if (!isProven) this.#count(link, -1)
      return null
    }
    return securityObjection(security, link.uuid, instance.txt.sec) ?? link.places.take(instance)
  }

  /** A question without an answer is never given back. */
  #count(link: Link, change: 1 | -1): void {
    this.#questions.set(link, (this.#questions.get(link) ?? 0) + change)
  }
}
