import type { InterfaceAddress } from '../../addon.js'
import { Directory } from './directory.js'
import { Inquiry } from './inquiry.js'

/** The times of a search, in milliseconds. */
export interface SearchTimes {
  /** How long to wait for further responses before questions that follow from them are asked in one packet. */
  readonly gatherMs: number
  /** How long to wait for answers before missing records are asked for. */
  readonly answerMs: number
  /** When the first questions are repeated (RFC 6762 §5.2: the interval is at least a second). */
  readonly againMs: number
  /** The interval at which found services are asked for again. */
  readonly renewMs: number
}

export const SEARCH_TIMES: SearchTimes = { gatherMs: 5, answerMs: 150, againMs: 1000, renewMs: 5000 }

export interface SearchOptions {
  /** The cluster; null for all. */
  readonly name: string | null
  readonly interfaces: readonly InterfaceAddress[]
  /** Whether the search continues until it is closed, and asks for found services again. */
  readonly goesOn: boolean
  /** The found services may have changed. */
  readonly onChange: () => void
  readonly times?: Partial<SearchTimes>
}

/** Searches for tcpnet services on the network until it is closed. */
export class Search {
  readonly directory: Directory
  readonly #options: SearchOptions
  readonly #inquiry: Inquiry
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #times: SearchTimes
  #gathering = false
  #closed = false

  constructor(options: SearchOptions) {
    this.#options = options
    this.#times = { ...SEARCH_TIMES, ...options.times }
    this.directory = new Directory(options.name)
    this.#inquiry = new Inquiry({
      interfaces: options.interfaces,
      onMessage: ({ packet, interfaceName, interfaceIndex }) => {
        this.directory.take(packet, { interfaceName, interfaceIndex })
        this.#gather()
        options.onChange()
      }
    })
    void this.#inquiry.ready.then(() => this.#start())
  }

  /** Ends it. Idempotent. */
  close(): void {
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#inquiry.close()
  }

  #start(): void {
    if (this.#closed) return
    const { answerMs, againMs, renewMs } = this.#times
    this.#inquiry.ask(this.directory.questions)
    this.#after(answerMs, () => this.#askForTheRest())
    this.#after(againMs, () => {
      this.#inquiry.ask(this.directory.questions)
      this.#askForTheRest()
    })
    if (this.#options.goesOn) this.#after(renewMs, () => this.#renew())
  }

  #renew(): void {
    this.#inquiry.ask(this.directory.questions)
    this.#inquiry.ask(this.directory.takeRenewals())
    this.#options.onChange()
    this.#after(this.#times.renewMs, () => this.#renew())
  }

  /** Waits a moment for further responses, because several arrive at the same time. */
  #gather(): void {
    if (this.#gathering) return
    this.#gathering = true
    const { gatherMs, answerMs } = this.#times
    this.#after(gatherMs, () => {
      this.#gathering = false
      this.#inquiry.ask(this.directory.takeNewTypes())
      this.#after(answerMs, () => this.#askForTheRest())
    })
  }

  #askForTheRest(): void {
    this.#inquiry.ask(this.directory.takeUnresolved(), ['unicast'])
  }

  #after(ms: number, action: () => void): void {
    if (this.#closed) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (!this.#closed) action()
    }, ms)
    this.#timers.add(timer)
  }
}
