import type { Instance } from '../discovery/discovery.js'
import type { TcpnetError } from '../errors.js'
import { tellChange } from '../trace.js'
import type { Applicant } from './applicant.js'
import { GOOD_CONNECTION_MS } from './backoff.js'
import { Failures } from './failures.js'
import { type Bar, DEFAULT_LIMITS, type TimeSpan } from './limits.js'
import type { LinkState } from './link-state.js'
import type { LinkOwner } from './options.js'
import { isOvertaken, type Numbered } from './pairing.js'
import { type Peer, peerStateOf, snapshotOf } from './peer.js'
import { Places } from './places.js'

/** A peer's state as it is published; `gone`, where it begins and ends: neither announced nor connected. */
type PeerState = Peer['state'] | 'gone'

/**
 * How long a hello can be under way, in milliseconds, after its dial was given up: the system sends it again for about as
 * long. What was heard longer ago says nothing about the next hello, so that a false count cannot keep a peer out for good.
 */
const LATE_HELLO_MS = 60_000

/** How many peers were heard of. */
let links = 0

/** This service's state for one peer: the facts, and where things stand. It decides nothing. */
export class Link {
  readonly uuid: string
  /** The higher, the later the peer was heard of. */
  readonly number = ++links
  /** The peer's own dial, waiting for its answer. */
  applicant: Applicant | null = null
  /** Where the peer is; hints come through the link. */
  readonly places = new Places()
  readonly #owner: LinkOwner
  #isNew = true
  /** Null while nothing has failed, as with most peers. */
  #failures: Failures | null = null
  #isSeen = false
  /**
   * When it was connected or, where it is not, when its last connection closed or else when it was first heard of, in
   * whole milliseconds of the monotonic clock.
   */
  #since = wholeMs()
  /** What orders the peer's latest hello, and when it came. */
  #heard: (Numbered & { readonly at: number }) | null = null
  #state: LinkState = { kind: 'idle' }
  /** The state that was published last. */
  #published: PeerState = 'gone'

  /** @param owner the service that the link belongs to */
  constructor(uuid: string, owner: LinkOwner) {
    this.uuid = uuid
    this.#owner = owner
  }

  get state(): LinkState {
    return this.#state
  }

  /** Whether no dial of it has ended, and it was never connected. */
  get isNew(): boolean {
    return this.#isNew
  }

  /** Whether its name is announced. */
  get isSeen(): boolean {
    return this.#isSeen
  }

  /** Its name is announced. */
  seen(): void {
    this.#isSeen = true
    this.#publish('announced')
  }

  /** Its name is announced no longer. */
  unseen(): void {
    this.#isSeen = false
    this.places.useHint()
    if ('timer' in this.#state) this.enter({ kind: 'idle' }, 'no longer announced')
    else this.#publish('no longer announced')
  }

  /**
   * A hint tells where the peer is: worth one dial, and no announcement. It is dialed at once, unless a failed dial has to wait.
   *
   * @param isExpected whether the peer is about to dial: then it has its time for that
   */
  hinted(hint: Instance, isExpected = false): void {
    this.places.takeHint(hint)
    // It tells our kind of security.
    const isBarredNoMore = this.#state.kind === 'barred' && this.#failures?.bar === 'security'
    if ((this.#state.kind === 'expecting' && !isExpected) || isBarredNoMore) this.enter({ kind: 'idle' }, 'hinted at')
    else this.#publish('hinted at')
  }

  /**
   * The peer said a hello.
   *
   * @returns whether its dial is still to be answered: false where the peer has dialed again meanwhile
   */
  hears(hello: Numbered): boolean {
    const heard = this.#heard
    const now = wholeMs()
    if (heard !== null && now - heard.at < LATE_HELLO_MS && isOvertaken(hello, heard)) return false
    this.#heard = { boot: hello.boot, dial: hello.dial, at: now }
    return true
  }

  /**
   * A dial failed. `addresses` could not be reached, or gave a wrong answer.
   *
   * @returns whether that is to be told: a hint may be wrong without harm, and so may what is likely to pass
   */
  failed(error: Error, addresses: readonly string[]): boolean {
    this.#isNew = false
    const failures = this.#history()
    const isTold = failures.add(error, performance.now() - this.#since)
    if (failures.bar !== null) return isTold
    this.places.suspect(addresses)
    return isTold && this.#isSeen
  }

  /** Whether the application wants a connection with it. Asks the application, which may close the service. */
  isWanted(): boolean {
    const { shouldConnect } = this.#owner
    return shouldConnect === undefined || shouldConnect(this.toPeer())
  }

  /** It is not dialed. */
  barredBy(kind: Bar, error: TcpnetError): void {
    this.#isNew = false
    this.places.useHint()
    this.#history().barredBy(kind, error)
  }

  /** A dial was declined: no failure, but no reason either to dial again at once. */
  declined(): void {
    this.#isNew = false
    this.#history().declined()
  }

  /**
   * Its connection closed.
   *
   * @param how it ended, in words
   * @returns the same with how long it stood
   */
  lost(how: string): string {
    const stoodFrom = this.#since
    this.#since = wholeMs()
    if (this.#isSeen) this.places.lost()
    return this.#history().lost(this.uuid, this.#since - stoodFrom, how)
  }

  /** Gives the peer a while to dial, or a hint to come. */
  expect({ leastMs, mostMs }: TimeSpan): void {
    const timer = this.#idleAfter(leastMs + Math.random() * (mostMs - leastMs), 'it did not dial')
    this.enter({ kind: 'expecting', timer }, 'announced')
  }

  /** Waits before the next dial, as long as its failures ask for; not where it is not announced. */
  wait(reason: string): void {
    if (!this.#isSeen) return this.enter({ kind: 'idle' }, reason)
    const failures = this.#history()
    const delayMs = failures.backoffMs()
    const timer = this.#idleAfter(delayMs, 'time to dial again')
    const kind = failures.bar === null ? 'waiting' : 'barred'
    this.enter({ kind, timer, until: Date.now() + delayMs }, reason)
  }

  /** Changes the state, and releases what the old one held. A dial uses up the hint. */
  enter(next: LinkState, reason: string): void {
    const old = this.#state
    this.#state = next
    if (next.kind === 'dialing') this.places.useHint()
    if (next.kind === 'connected') this.#onConnected()
    if (old.kind === 'dialing') old.dial.abort()
    if ('timer' in old) clearTimeout(old.timer)
    if (old.kind === 'connected' && next.kind === 'closing') old.socket.destroy()
    // Last: a subscriber may close the service, which enters another state.
    this.#publish(reason)
  }

  /** Whether the peer is neither announced, hinted at nor connected, and not about to be. */
  get isGone(): boolean {
    return this.#state.kind === 'idle' && !this.#isSeen && !this.places.hasHint
  }

  /** The peer is forgotten: it is no longer announced, dialed or connected. */
  forget(reason: string): void {
    this.#isSeen = false
    this.places.useHint()
    this.enter({ kind: 'idle' }, reason)
  }

  toPeer(): Peer {
    const [state, place] = [this.#state, this.places.told]
    const hasLasted = state.kind === 'connected' && wholeMs() - this.#since >= GOOD_CONNECTION_MS
    const failures = hasLasted ? null : this.#failures
    return snapshotOf({
      uuid: this.uuid,
      state: peerStateOf(state),
      announced: this.#isSeen,
      host: place?.host ?? null,
      port: place?.port ?? null,
      addresses: Object.freeze([...(place?.addresses ?? [])]),
      failures: failures?.count ?? 0,
      retryAt: 'until' in state ? state.until : null,
      error: failures?.error ?? null
    })
  }

  #idleAfter(delayMs: number, reason: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.enter({ kind: 'idle' }, reason)
      this.#owner.onDue(this)
    }, delayMs)
  }

  #history(): Failures {
    this.#failures ??= new Failures(this.#owner.limits ?? DEFAULT_LIMITS)
    return this.#failures
  }

  #onConnected(): void {
    this.#since = wholeMs()
    this.#isNew = false
    this.#failures?.connected()
    this.places.useHint()
  }

  /** Publishes the state where it is another than before. */
  #publish(reason: string): void {
    const { name, uuid: service } = this.#owner
    const from = this.#published
    const to: PeerState = this.isGone ? 'gone' : peerStateOf(this.#state)
    if (from === to) return
    this.#published = to
    tellChange({ name, service, peer: this.uuid, from, to, reason })
  }
}

/** The monotonic clock. Whole numbers: V8 keeps one with a fraction in an object of its own. */
function wholeMs(): number {
  return Math.round(performance.now())
}
