import type { Instance } from '../discovery/discovery.js'
import { dialable } from '../net/addresses.js'
import { type Address, dialOrder } from './dial-order.js'
import { type Endpoint, MAX_ATTEMPTS } from './race.js'

/** Most peers have no address that is suspected: they share this. */
const NONE: ReadonlySet<string> = new Set()

/** How many addresses are remembered at which a peer was connected: the latest. */
const MAX_HOMES = 8

/** Where a peer is, as it is shown. */
export interface Place {
  /** Its host's name; null where only a connection tells of it. */
  readonly host: string | null
  readonly port: number
  readonly addresses: readonly Address[]
}

/** Where a peer is: what hints and answers told, which is untrusted, and what dials and connections have shown. */
export class Places {
  /** What was told last. */
  #told: Place | null = null
  /** What is worth one dial without a question. */
  #hint: Pick<Place, 'port' | 'addresses'> | null = null
  /** Where it was connected last, where its port is known. */
  #home: Endpoint | null = null
  /** Addresses that failed: dialed last, the one that failed last at the very end. */
  #suspects = NONE
  /** Addresses at which it was connected, the latest last. */
  #homes = NONE
  /** The address at which a dial of ours met it last, of those that discovery told; null before. */
  #reached: string | null = null
  /** The address that is dialed first; undefined where that is to be found out. */
  #first: string | null | undefined

  /** What was told last, by an answer, a hint or a connection; null before. */
  get told(): Place | null {
    return this.#told
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
    const others = [...this.#suspects].filter((address) => !addresses.includes(address))
    this.#suspects = new Set([...others, ...addresses])
    this.#first = undefined
  }

  /** The peer is connected, at an address. `port` is the one that it listens on; null where it does not tell. */
  met({ address, family }: Address, port: number | null): void {
    const others = [...this.#homes].filter((home) => home !== address)
    this.#homes = new Set([...others.slice(1 - MAX_HOMES), address])
    this.#suspects = new Set([...this.#suspects].filter((suspect) => suspect !== address))
    this.#home = port === null ? null : { address, family, port }
    if (this.#home !== null) this.#told ??= { host: null, port: this.#home.port, addresses: [{ address, family }] }
    this.#first = undefined
  }

  /** A dial of ours met the peer at an address. */
  reached(endpoint: Endpoint): void {
    if (this.isPlacedAt(endpoint.address)) this.#reached = endpoint.address
    this.met(endpoint, endpoint.port)
  }

  /**
   * Whether an address is the peer's by more than an inbound connection's word: discovery tells it, or told it and a dial of
   * ours met the peer there.
   */
  isPlacedAt(address: string): boolean {
    if (address === this.#reached) return true
    const told = this.#told
    return told !== null && told.host !== null && told.addresses.some((one) => one.address === address)
  }

  /** The connection is lost: the peer is dialed first where it was. */
  lost(): void {
    if (this.#home === null) return
    const { address, family, port } = this.#home
    this.#hint = { port, addresses: [{ address, family }] }
    this.#first = undefined
  }

  /** Whether the peer was connected at an address. */
  wasMetAt(address: string): boolean {
    return this.#homes.has(address)
  }

  /** Whether it was connected before. */
  get isProven(): boolean {
    return this.#homes.size > 0
  }

  /** The address that is dialed first; null where that is to be asked. */
  get first(): string | null {
    if (this.#first === undefined) this.#first = this.hinted()[0]?.address ?? null
    return this.#first
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
