import type { Instance, Whereabouts } from '../discovery/discovery.js'
import { dialable } from '../net/addresses.js'
import { type Address, dialOrder } from './dial-order.js'
import { type Endpoint, MAX_ATTEMPTS } from './race.js'

/** Shared by all peers without suspected addresses or former homes, or without other places, which are most: it saves memory. */
const NONE: readonly string[] = []
const NOWHERE: readonly HostPlace[] = []
const NO_ENDPOINTS: readonly Endpoint[] = []

/** How many of a peer's former addresses, and of its failed addresses, are remembered: the latest. */
const MAX_FORMER_HOMES = 7
const MAX_SUSPECTS = 64

/** Where a peer listens. */
interface Place {
  readonly port: number
  /** In the form in which they are dialed: link-local ones with their scope. */
  readonly addresses: readonly string[]
}

/** Where a peer is, as `service.peers` shows it. */
export interface HostPlace extends Place {
  /** Its host's name; null if it is known by a connection alone. */
  readonly host: string | null
}

/** Where a peer is: according to hints and answers, which are untrusted, and according to dials and connections. */
export class Places {
  /** The last hint or answer, without the host; null if it names just the address and port at which the peer is connected. */
  #reported: Place | null = null
  /** The host's name in the last hint or answer. */
  #host: string | null = null
  /** The places in answers that differ from it: one of them may be the true one. Empty once the peer is connected. */
  #others = NOWHERE
  /** The place for one dial without a question; null if there is none. */
  #hint: Place | null = null
  /** Addresses that failed, in the order of their last failure: dialed last. */
  #suspects = NONE
  /** The address of its last connection; null before the first. */
  #home: string | null = null
  /** The port on which it listened there; null if its hello had none. */
  #homePort: number | null = null
  /** The other addresses at which it was connected, the latest last. */
  #formerHomes = NONE
  /** The last address at which it was connected and which discovery reported; null before. */
  #placed: string | null = null
  /** What {@link Places.hinted} returns; undefined if it is to be computed. */
  #hinted: readonly Endpoint[] | undefined

  /** Its place according to the last answer, hint or connection; null before. */
  get reported(): HostPlace | null {
    const place = this.#reported ?? this.#homePlace
    return place && { host: this.#host, ...place }
  }

  /** Whether it can be dialed without a question. */
  get hasHint(): boolean {
    return this.#hint !== null
  }

  /** Records a hint, which allows one dial: see {@link useHint}. */
  takeHint(hint: Instance): void {
    this.#hint = this.#record(hint)
  }

  /** Records an answer to the question where it is. Returns the endpoints to dial, in this order. */
  take(answer: Instance): Endpoint[] {
    return this.#ordered([this.#record(answer), ...this.#others])
  }

  /** The endpoints to dial without a question, in this order; empty if there is no hint. */
  hinted(): readonly Endpoint[] {
    this.#hinted ??= this.#orderHint()
    return this.#hinted
  }

  /** Keeps the last answer as a hint, for a dial that has to wait for its turn. */
  keepHint(): void {
    this.#hint = this.#reported ?? this.#homePlace
    this.#hinted = undefined
  }

  useHint(): void {
    this.#hint = null
    this.#hinted = undefined
  }

  /** Addresses could not be reached, or sent a wrong answer: they are dialed last from now on. */
  suspect(addresses: readonly string[]): void {
    if (addresses.length === 0) return
    const others = this.#suspects.filter((suspect) => !addresses.includes(suspect))
    this.#suspects = [...others, ...addresses].slice(-MAX_SUSPECTS)
    this.#hinted = undefined
  }

  /** The peer is connected, at an address. `port` is the port on which it listens; null if unknown. */
  connectedAt(address: string, port: number | null): void {
    if (this.#home !== null && this.#home !== address)
      this.#formerHomes = [...this.#formerHomes.filter((home) => home !== address), this.#home].slice(-MAX_FORMER_HOMES)
    this.#home = address
    this.#homePort = port
    if (this.isPlacedAt(address)) this.#placed = address
    this.#settle(address, port)
    if (this.#reported?.port === port && this.#reported.addresses.every((one) => one === address)) this.#reported = null
    if (this.#suspects.includes(address)) this.#suspects = this.#suspects.filter((suspect) => suspect !== address)
    this.#hinted = undefined
  }

  /**
   * Whether more than an inbound connection's claim says that an address is the peer's: discovery reports it, or reported it
   * when the peer was connected there.
   */
  isPlacedAt(address: string): boolean {
    return (
      address === this.#placed || [this.#reported, ...this.#others].some((place) => place?.addresses.includes(address))
    )
  }

  /** The connection is lost: the next dial begins at its address. */
  lost(): void {
    const home = this.#homePlace
    if (home === null) return
    this.#hint = home
    this.#hinted = undefined
  }

  /** Whether the peer was connected at an address. */
  wasConnectedAt(address: string): boolean {
    return this.#home === address || this.#formerHomes.includes(address)
  }

  /** The address of its last connection; null before the first. */
  get home(): string | null {
    return this.#home
  }

  /** Whether it was connected before. */
  get isProven(): boolean {
    return this.#home !== null
  }

  /** The address that is dialed first; null if it is not known. */
  get first(): string | null {
    return this.hinted()[0]?.address ?? null
  }

  /** The place of its last connection; null if its port is not known. */
  get #homePlace(): Place | null {
    if (this.#home === null || this.#homePort === null) return null
    return { port: this.#homePort, addresses: [this.#home] }
  }

  #record({ others, ...instance }: Instance): Place {
    this.#hinted = undefined
    const { host, ...reported } = placeOf(instance)
    this.#host = host
    this.#reported = reported
    // A dial tries no more of them: the rest would only take memory.
    const fewer = (place: HostPlace) => ({ ...place, addresses: place.addresses.slice(0, MAX_ATTEMPTS) })
    this.#others = others?.map((other) => fewer(placeOf(other))) ?? NOWHERE
    return this.#reported
  }

  /** The peer is connected: of the places that were reported, the one where it is stays. */
  #settle(address: string, port: number | null): void {
    const isThere = (place: Place) => place.port === port && place.addresses.includes(address)
    const found = this.#others.find(isThere)
    this.#others = NOWHERE
    if (found === undefined || (this.#reported !== null && isThere(this.#reported))) return
    const { host, ...place } = found
    this.#host = host
    this.#reported = place
  }

  #orderHint(): readonly Endpoint[] {
    if (this.#hint === null) return NO_ENDPOINTS
    return this.#ordered(this.#hint === this.#reported ? [this.#hint, ...this.#others] : [this.#hint])
  }

  /** The endpoints of several places, in turn: none of them can hide the others, however many addresses it has. */
  #ordered(places: readonly Place[]): Endpoint[] {
    const homes = this.#home === null ? NONE : [...this.#formerHomes, this.#home]
    const perPlace = places.map(({ port, addresses }) => {
      const endpoints = addresses.map((address) => ({ ...addressOf(address), port }))
      return dialOrder(endpoints, this.#suspects, homes).slice(0, MAX_ATTEMPTS)
    })
    const [first = [], ...others] = perPlace
    if (others.length === 0) return first
    const longest = Math.max(...perPlace.map(({ length }) => length))
    const inTurn = Array.from({ length: longest }, (_, n) => perPlace.flatMap((endpoints) => endpoints.slice(n, n + 1)))
    const rank = ({ address }: Endpoint) => {
      const failure = this.#suspects.indexOf(address)
      if (failure >= 0) return 2 + failure
      return homes.includes(address) ? 0 : 1
    }
    return inTurn
      .flat()
      .sort((a, b) => rank(a) - rank(b))
      .slice(0, MAX_ATTEMPTS)
  }
}

function placeOf({ host, port, paths }: Whereabouts): HostPlace & { readonly host: string } {
  return { host, port, addresses: dialable(paths).map(({ address }) => address) }
}

function addressOf(address: string): Address {
  return { address, family: address.includes(':') ? 6 : 4 }
}
