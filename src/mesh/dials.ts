import type { TcpnetError } from '../errors.js'
import { securityObjection } from '../security/security.js'
import { Allowance, type ConnectBudget } from './connect-budget.js'
import { Dial, type DialResult } from './dialer.js'
import type { Link } from './link.js'
import type { MeshOptions } from './options.js'
import { connectTo, type Endpoint } from './race.js'

/** Makes the dials of one mesh: where they go, what their hellos carry, and what they take out of the budget. */
export class Dials {
  readonly #options: MeshOptions
  readonly #budget: ConnectBudget
  readonly #accepted: () => number
  /** How many hellos were sent: what numbers the dials. */
  #hellos = 0

  /** @param accepted tells how many dials this service has answered with `ok` */
  constructor(options: MeshOptions, budget: ConnectBudget, accepted: () => number) {
    this.#options = options
    this.#budget = budget
    this.#accepted = accepted
  }

  /** @param done as in {@link Dial} */
  make(link: Link, done: (result: DialResult) => void): { dial: Dial; reason: string } {
    const endpoints = link.places.hinted()
    const { name, uuid, boot, security, limits, port, connect = connectTo } = this.#options
    const hello = () => ({
      name,
      from: uuid,
      boot,
      to: link.uuid,
      seq: this.#accepted(),
      dial: ++this.#hellos,
      port: port()
    })
    const dial = new Dial(
      {
        uuid: link.uuid,
        endpoints,
        locate: (signal) => this.#locate(link, signal),
        security,
        deadlineMs: limits.helloTimeoutMs,
        slowAfterMs: limits.slowAfterMs,
        hello,
        connect,
        allowance: new Allowance(this.#budget, (address) => link.places.wasMetAt(address))
      },
      done
    )
    return { dial, reason: endpoints.length > 0 ? 'hinted at' : 'announced' }
  }

  /** A peer is connected: the questions that led to it do not count. */
  met(link: Link): void {
    for (let left = link.takeQuestions(); left > 0; left--) this.#budget.giveBackQuestion()
  }

  /**
   * Asks where a connected peer is, within the budget of questions.
   *
   * @returns whether that is known now
   */
  async place({ uuid, places }: Link): Promise<boolean> {
    const { locate, security, limits } = this.#options
    if (!this.#budget.takeQuestion()) return false
    const instance = await locate(uuid, AbortSignal.timeout(limits.helloTimeoutMs))
    if (instance === null || securityObjection(security, uuid, instance.txt.sec) !== null) return false
    this.#budget.giveBackQuestion()
    places.take(instance)
    return true
  }

  /** Asks where a peer is, within the budget of questions about peers that were never connected. */
  async #locate(link: Link, signal: AbortSignal): Promise<readonly Endpoint[] | TcpnetError | null> {
    const { locate, security } = this.#options
    const { isProven } = link.places
    if (!isProven) {
      if (!this.#budget.takeQuestion()) return null
      link.asked()
    }
    const instance = await locate(link.uuid, signal)
    // The question may end because the peer has dialed, or was reached, meanwhile: it led to a peer, as an answered one may.
    if (signal.aborted) return null
    if (instance === null) {
      if (!isProven) link.unanswered()
      return null
    }
    return securityObjection(security, link.uuid, instance.txt.sec) ?? link.places.take(instance)
  }
}
