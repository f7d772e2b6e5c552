import type { Instance } from '../discovery/discovery.js'
import { dialable } from '../network.js'
import { LONGEST_DELAY_MS } from './backoff.js'
import { dialOrder } from './dial-order.js'
import type { Endpoint } from './race.js'

/** Most peers have no address that is suspected: they share this. */
const NONE: ReadonlySet<string> = new Set()

/** At so many addresses a peer is known to be, at most: those at which it was connected last. */
const MAX_HOMES = 8

/** Where a peer is: what is announced, which is untrusted, and what dials and connections have shown. */
export class Places {
  #instance: Instance | null = null
  #hint: Instance | null = null
  /** Addresses that were tried in vain: dialed last, the latest of them at the very end. */
  #suspects = NONE
  /** Addresses at which it was connected, the latest last. */
  #homes = NONE
  /** The address that is dialed first; undefined where that is to be found out. */
  #first: string | null | undefined
  /** When another announcement was taken for a move. */
  #movedAt = Number.NEGATIVE_INFINITY

  /** The peer's announcement; null while it is not announced. */
  get instance(): Instance | null {
    return this.#instance
  }

  /** Whether it is announced or hinted at. */
  get isKnown(): boolean {
    return this.#instance !== null || this.#hint !== null
  }

  /**
   * Takes an announcement.
   *
   * @returns whether the peer has moved, so that it is worth a dial at once: to another port or other addresses, and once
   * in the longest delay between dials, since announcements are untrusted
   */
  announce(instance: Instance): boolean {
    const old = this.#instance
    const now = performance.now()
    this.#instance = instance
    this.#first = undefined
    const hasMoved = old !== null && keyOf(old) !== keyOf(instance)
    if (!hasMoved || now - this.#movedAt < LONGEST_DELAY_MS) return false
    this.#movedAt = now
    this.#suspects = NONE
    return true
  }

  withdraw(): void {
    this.#instance = null
    this.#first = undefined
  }

  /** Takes a hint, which is worth one dial: see {@link useHint}. */
  takeHint(hint: Instance): void {
    this.#hint = hint
    this.#first = undefined
  }

  useHint(): void {
    this.#hint = null
    this.#first = undefined
  }

  /** Addresses were tried in vain, or gave the wrong answer: they are dialed last from now on. */
  suspect(addresses: readonly string[]): void {
    if (addresses.length === 0) return
    const others = [...this.#suspects].filter((address) => !addresses.includes(address))
    this.#suspects = new Set([...others, ...addresses])
    this.#first = undefined
  }

  /** The peer is connected, at an address. */
  met(address: string): void {
    const others = [...this.#homes].filter((home) => home !== address)
    this.#homes = new Set([...others.slice(1 - MAX_HOMES), address])
    this.#suspects = new Set([...this.#suspects].filter((suspect) => suspect !== address))
    this.#first = undefined
  }

  /** Whether the peer was connected at an address. */
  wasMetAt(address: string): boolean {
    return this.#homes.has(address)
  }

  /** Whether it was connected before, at an address at which it is announced now. */
  get isProven(): boolean {
    return this.#homes.size > 0 && this.endpoints().some(({ address }) => this.#homes.has(address))
  }

  /** The address that is dialed first; null where none is known. */
  get first(): string | null {
    if (this.#first === undefined) this.#first = this.endpoints()[0]?.address ?? null
    return this.#first
  }

  /** Where to dial the peer, in this order; empty where nothing is known of it. */
  endpoints(): Endpoint[] {
    const instance = this.#instance ?? this.#hint
    if (instance === null) return []
    const { port, paths } = instance
    return dialOrder(dialable(paths), this.#suspects, this.#homes).map((address) => ({ ...address, port }))
  }
}

/** Where an instance is, in one form. */
function keyOf({ port, paths }: Instance): string {
  const addresses = paths.map(({ address, interfaceIndex }) => `${address} ${interfaceIndex}`)
  return [port, ...addresses.sort()].join()
}
