import type { Instance } from '../discovery/discovery.js'
import { dialable } from '../net/addresses.js'
import { type Address, dialOrder } from './dial-order.js'
import { type Endpoint, MAX_ATTEMPTS } from './race.js'

/** Most peers have no address that is suspected, and were connected at one: they share this. */
const NONE: readonly string[] = []

/** How many other addresses are remembered at which a peer was connected, and how many that failed: the latest. */
const MAX_FORMER_HOMES = 7
const MAX_SUSPECTS = 64

/** Where a peer listens. */
interface Place {
  readonly port: number
  /** In the form in which they are dialed: link-local ones with their scope. */
  readonly addresses: readonly string[]
}

/** Where a peer is, as it is shown. */
export interface HostPlace extends Place {
  /** Its host's name; null where only a connection tells of it. */
  readonly host: string | null
}

/** Where a peer is: what hints and answers told, which is untrusted, and what dials and connections have shown. */
export class Places {
  /** What was told last, apart from the host; null where it was told where it is connected. */
  #told: Place | null = null
  /** The host's name as it was told last. */
  #host: string | null = null
  /** What is worth one dial without a question. */
  #hint: Place | null = null
  /** Addresses that failed: dialed last, the one that failed last at the very end. */
  #suspects = NONE
  /** The address at which it was connected last; null before. */
  #home: string | null = null
  /** The port that it listened on there; null where it did not tell. */
  #homePort: number | null = null
  /** Other addresses at which it was connected before, the latest last. */
  #formerHomes = NONE
  /** The address at which it was connected last of those that discovery told; null before. */
  #placed: string | null = null
  /** The address that is dialed first; undefined where that is to be found out. */
  #first: string | null | undefined

  /** What was told last, by an answer, a hint or a connection; null before. */
  get told(): HostPlace | null {
    const place = this.#told ?? this.#homePlace
    return place && { host: this.#host, ...place }
  }

  /** Whether it can be dialed without a question. */
  get hasHint(): boolean {
    return this.#hint !== null
  }

  /** Takes a hint, which is worth one dial: see {@link useHint}. */
  takeHint(hint: Instance): void {
    this.#hint = this.#tell(hint)
    this.#first = undefined
  }

  /** Takes an answer to the question where it is. Returns where to dial it, in this order. */
  take(answer: Instance): Endpoint[] {
    return this.#ordered(this.#tell(answer))
  }

  /** Where to dial it without a question, in this order; empty where there is no hint. */
  hinted(): Endpoint[] {
    return this.#hint === null ? [] : this.#ordered(this.#hint)
  }

  /** Keeps what was told last as a hint, for a dial that has to wait for its turn. */
  keepHint(): void {
    this.#hint = this.#told ?? this.#homePlace
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
    if (this.#home !== null && this.#home !== address)
      this.#formerHomes = [...this.#formerHomes.filter((home) => home !== address), this.#home].slice(-MAX_FORMER_HOMES)
    this.#home = address
    this.#homePort = port
    if (this.isPlacedAt(address)) this.#placed = address
    if (this.#told?.port === port && this.#told.addresses.every((told) => told === address)) this.#told = null
    if (this.#suspects.includes(address)) this.#suspects = this.#suspects.filter((suspect) => suspect !== address)
    this.#first = undefined
  }

  /**
   * Whether an address is the peer's by more than an inbound connection's word: discovery tells it, or told it when the peer was
   * connected there.
   */
  isPlacedAt(address: string): boolean {
    return address === this.#placed || this.#told?.addresses.includes(address) === true
  }

  /** The connection is lost: the peer is dialed first where it was. */
  lost(): void {
    const home = this.#homePlace
    if (home === null) return
    this.#hint = home
    this.#first = undefined
  }

  /** Whether the peer was connected at an address. */
  wasMetAt(address: string): boolean {
    return this.#home === address || this.#formerHomes.includes(address)
  }

  /** Whether it was connected before. */
  get isProven(): boolean {
    return this.#home !== null
  }

  /** The address that is dialed first; null where that is to be asked. */
  get first(): string | null {
    if (this.#first === undefined) this.#first = this.hinted()[0]?.address ?? null
    return this.#first
  }

  /** Where it was connected last; null where its port is not known. */
  get #homePlace(): Place | null {
    if (this.#home === null || this.#homePort === null) return null
    return { port: this.#homePort, addresses: [this.#home] }
  }

  #tell({ host, port, paths }: Instance): Place {
    this.#host = host
    this.#told = { port, addresses: dialable(paths).map(({ address }) => address) }
    return this.#told
  }

  #ordered({ port, addresses }: Place): Endpoint[] {
    const homes = this.#home === null ? NONE : [...this.#formerHomes, this.#home]
    return dialOrder(addresses.map(addressOf), this.#suspects, homes)
      .slice(0, MAX_ATTEMPTS)
      .map((address) => ({ ...address, port }))
  }
}

function addressOf(address: string): Address {
  return { address, family: address.includes(':') ? 6 : 4 }
}
