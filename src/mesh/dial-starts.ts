import { isHigher } from '../uuid.js'
import type { Link } from './link.js'

/**
 * Paces the starts of dials: one in each turn of the event loop, so that before it the connections that have arrived are accepted
 * and their hellos are read. One of them may be the peer's own dial, and then ours is not needed. Without the pace a busy process
 * dials most of the peers whose dials wait in its queues.
 *
 * Peers with lower uuids come first: if both sides dial, the dial of the higher uuid wins.
 */
export class DialStarts {
  readonly #uuid: string
  readonly #onTime: (link: Link) => void
  readonly #lower = new Set<Link>()
  readonly #higher = new Set<Link>()
  /** Links whose time has come, and whose dials have not started. */
  readonly #due = new WeakSet<Link>()

  /**
   * @param uuid that of this service
   * @param onTime called with a link when it is due
   */
  constructor(uuid: string, onTime: (link: Link) => void) {
    this.#uuid = uuid
    this.#onTime = onTime
  }

  /** Whether a link's dial may start now. If not, `onTime` is called when it may. Once it may, the next dial has to wait again. */
  mayStart(link: Link): boolean {
    if (this.#due.delete(link)) return true
    // The first turn accepts the connections that have arrived, the second one reads their hellos.
    if (this.#size === 0) setImmediate(() => setImmediate(this.#onTurn))
    if (isHigher(this.#uuid, link.uuid)) this.#lower.add(link)
    else this.#higher.add(link)
    return false
  }

  get #size(): number {
    return this.#lower.size + this.#higher.size
  }

  readonly #onTurn = (): void => {
    const links = this.#lower.size > 0 ? this.#lower : this.#higher
    const [link] = links
    if (link === undefined) return
    links.delete(link)
    if (this.#size > 0) setImmediate(this.#onTurn)
    this.#due.add(link)
    this.#onTime(link)
  }
}
