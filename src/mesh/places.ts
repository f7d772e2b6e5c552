import type { Instance } from '../discovery/discovery.js'
import { dialable } from '../net/addresses.js'
import { type Address, dialOrder } from './dial-order.js'
import { type Endpoint, MAX_ATTEMPTS } from './race.js'

/** Most peers have no address that is suspected: they share this. */
const NONE: readonly string[] = []

/** How many addresses are remembered at which a peer was connected, and that failed: the latest. */
const MAX_HOMES = 8
const MAX_SUSPECTS = 64

/** Where a peer is, as it is shown. */
export interface Place {
  /** Its host's name; null where only a connection tells of it. */
  readonly host: string | null
  readonly port: number
  readonly addresses: readonly Address[]
}

/**
 * Where a peer is: what hints and answers told, which is untrusted, and what dials and connections have shown. Lists and not
 * sets: every peer has one, of an address or two.
 */
export class Places {
  /** What was told last. */
  #told: Place | null = null
  /** What is worth one dial without a question. */
  #hint: Pick<Place, 'port' | 'addresses'> | null = null
  /** Addresses that failed: dialed last, the one that failed last at the very end. */
  #suspects = NONE
  /** Addresses at which it was connected, the latest last. */
  #homes = NONE
  /** The port that belongs to the latest of them; null where the peer does not tell. */
  #homePort: number | null = null
  /** The address that is dialed first; undefined where that is to be found out. */
  #first: string | null | undefined

  /** What was told last, by an answer, a hint or a connection; null before. */
  get told(): Place | null {
    return this.#told ?? this.#home
  }

  /** Whether it can be dialed without a question. */
  get hasHint(): boolean {
    return this.#hint !== null
  }

  /** Takes a hint, which is worth one dial: see {@link useHint}. */
  takeHint(hint: Instance): void {
    this.#told = placeOf(hint)
    this.#hint = this.#told
    this.#first = undefined
  }

  /** Takes an answer to the question where it is. Returns where to dial it, in this order. */
  take(answer: Instance): Endpoint[] {
    this.#told = placeOf(answer)
    return this.#ordered(this.#told)
  }

  /** Where to dial it without a question, in this order; empty where there is no hint. */
  hinted(): Endpoint[] {
    return this.#hint === null ? [] : this.#ordered(this.#hint)
  }

  /** Keeps what was told last as a hint, for a dial that has to wait for its turn. */
  keepHint(): void {
    this.#hint = this.#told
    this.#first = undefined
  }

  useHint(): void {
    this.#hint = null
    this.#first = undefined
  }

  /** Addresses could not be reached, or gave a wrong answer: they are dialed last from now on. */
  suspect(addresses: readonly string[]): void {
    if (addresses.length === 0) return
    const others = this.#suspects.filter((suspect) => !addresses.includes(suspect))
    this.#suspects = [...others, ...addresses].slice(-MAX_SUSPECTS)
    this.#first = undefined
  }

  /** The peer is connected, at an address. `port` is the one that it listens on; null where it does not tell. */
  met(address: string, port: number | null): void {
    const others = this.#homes.filter((home) => home !== address)
    this.#homes = [...others, address].slice(-MAX_HOMES)
    this.#homePort = port
    if (this.#suspects.includes(address)) this.#suspects = this.#suspects.filter((suspect) => suspect !== address)
    this.#first = undefined
  }

  /** The connection is lost: the peer is dialed first where it was. */
  lost(): void {
    const home = this.#home
    if (home === null) return
    this.#hint = home
    this.#first = undefined
  }

  /** Whether the peer was connected at an address. */
  wasMetAt(address: string): boolean {
    return this.#homes.includes(address)
  }

  /** Whether it was connected before. */
  get isProven(): boolean {
    return this.#homes.length > 0
  }

  /** The address that is dialed first; null where that is to be asked. */
  get first(): string | null {
    if (this.#first === undefined) this.#first = this.hinted()[0]?.address ?? null
    return this.#first
  }

  /** Where it was connected last; null where its port is not known. */
  get #home(): Place | null {
    const address = this.#homes.at(-1)
    if (address === undefined || this.#homePort === null) return null
    return { host: null, port: this.#homePort, addresses: [{ address, family: address.includes(':') ? 6 : 4 }] }
  }

  #ordered({ port, addresses }: Pick<Place, 'port' | 'addresses'>): Endpoint[] {
    return dialOrder(addresses, this.#suspects, this.#homes)
      .slice(0, MAX_ATTEMPTS)
      .map((address) => ({ ...address, port }))
  }
}

function placeOf({ host, port, paths }: Instance): Place {
  return { host, port, addresses: dialable(paths) }
}
