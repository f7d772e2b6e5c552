import type { Instance } from '../discovery/discovery.js'
import type { TcpnetError } from '../errors.js'
import { publishChange } from '../trace.js'
import type { Applicant } from './applicant.js'
import { GOOD_CONNECTION_MS } from './backoff.js'
import { Failures } from './failures.js'
import { type Bar, DEFAULT_LIMITS, type TimeSpan } from './limits.js'
import type { LinkState } from './link-state.js'
import type { LinkOwner } from './options.js'
import { isOvertaken, type Numbered } from './pairing.js'
import { type Peer, peerStateOf, snapshotOf } from './peer.js'
import { Places } from './places.js'

/** A peer's state as it is published; the first and last state is `gone`: neither announced nor connected. */
type PeerState = Peer['state'] | 'gone'

/**
 * How long a hello can be under way after its dial was given up, in milliseconds: TCP retransmits it for about as long. An
 * older hello is not compared with the next one, so that a false count cannot exclude a peer for ever.
 */
const LATE_HELLO_MS = 60_000

/** The number of links made in this process. */
let links = 0

/** This service's state for one peer, and the facts about it. It decides nothing. */
export class Link {
  readonly uuid: string
  /** Higher for peers that became known later. */
  readonly number = ++links
  /** The peer's own dial, while it waits for our answer. */
  applicant: Applicant | null = null
  /** Where the peer is. Hints are added with {@link Link.hinted}. */
  readonly places = new Places()
  readonly #owner: LinkOwner
  #isNew = true
  /** Null until something fails, which saves memory for most peers. */
  #failures: Failures | null = null
  #isSeen = false
  /**
   * The time at which it was connected; or, if it is not, at which its last connection closed or at which it became known, in
   * whole milliseconds of the monotonic clock.
   */
  #since = wholeMs()
  /** The order of the peer's latest hello, and when it was received. */
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

  /** Whether no dial of the peer has ended, and it was never connected. */
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

  /** Its name is no longer announced. */
  unseen(): void {
    this.#isSeen = false
    this.places.useHint()
    if ('timer' in this.#state) this.enter({ kind: 'idle' }, 'no longer announced')
    else this.#publish('no longer announced')
  }

  /**
   * A hint says where the peer is: it allows one dial, and is no announcement. The peer is dialed at once, unless its backoff
   * is running.
   *
   * @param isExpected whether the peer is expected to dial: then it is not dialed before the time for that has passed
   */
  hinted(hint: Instance, isExpected = false): void {
    this.places.takeHint(hint)
    // A hint is only passed on if it has our kind of security.
    const isBarredNoMore = this.#state.kind === 'barred' && this.#failures?.bar === 'security'
    if ((this.#state.kind === 'expecting' && !isExpected) || isBarredNoMore) this.enter({ kind: 'idle' }, 'hinted at')
    else this.#publish('hinted at')
  }

  /**
   * The peer sent a hello.
   *
   * @returns whether its dial is still to be answered: false if the peer has dialed again meanwhile
   */
  recordHello(hello: Numbered): boolean {
    const heard = this.#heard
    const now = wholeMs()
    if (heard !== null && now - heard.at < LATE_HELLO_MS && isOvertaken(hello, heard)) return false
    this.#heard = { boot: hello.boot, dial: hello.dial, at: now }
    return true
  }

  /**
   * A dial failed. `addresses` could not be reached, or gave a wrong answer.
   *
   * @returns whether the failure is to be reported: not if the peer is known by a hint alone, nor if the failure is likely to
   *   pass
   */
  failed(error: Error, addresses: readonly string[]): boolean {
    this.#isNew = false
    const failures = this.#history()
    const isReported = failures.add(error, performance.now() - this.#since)
    if (failures.bar !== null) return isReported
    this.places.suspect(addresses)
    return isReported && this.#isSeen
  }

  /** Whether the application wants a connection with the peer. Calls the application, which may close the service. */
  isWanted(): boolean {
    const { shouldConnect } = this.#owner
    return shouldConnect === undefined || shouldConnect(this.toPeer())
  }

  /** The peer is not to be dialed. */
  barredBy(kind: Bar, error: TcpnetError): void {
    this.#isNew = false
    this.places.useHint()
    this.#history().barredBy(kind, error)
  }

  /** A dial was declined: not a failure, but the next dial waits all the same. */
  declined(): void {
    this.#isNew = false
    this.#history().declined()
  }

  /**
   * Its connection closed.
   * @param how how it ended, as text
   * @returns the same text, with the time for which it was open
   */
  lost(how: string): string {
    const stoodFrom = this.#since
    this.#since = wholeMs()
    if (this.#isSeen) this.places.lost()
    return this.#history().lost(this.uuid, this.#since - stoodFrom, how)
  }

  /** Waits for the peer to dial, or for a hint, before the peer is dialed. */
  expect({ leastMs, mostMs }: TimeSpan): void {
    const timer = this.#idleAfter(leastMs + Math.random() * (mostMs - leastMs), 'it did not dial')
    this.enter({ kind: 'expecting', timer }, 'announced')
  }

  /** Waits for the backoff before the next dial; a peer that is not announced becomes idle instead. */
  wait(reason: string): void {
    if (!this.#isSeen) return this.enter({ kind: 'idle' }, reason)
    const failures = this.#history()
    const delayMs = failures.backoffMs()
    const timer = this.#idleAfter(delayMs, 'time to dial again')
    const kind = failures.bar === null ? 'waiting' : 'barred'
    this.enter({ kind, timer, until: Date.now() + delayMs }, reason)
  }

  /** Changes the state, and releases what the old state held. A dial uses up the hint. */
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

  /** Whether the peer is neither announced nor connected, and neither a dial nor a hint is left. */
  get isGone(): boolean {
    return this.#state.kind === 'idle' && !this.#isSeen && !this.places.hasHint
  }

  /** Ends the link: the peer is no longer announced, dialed or connected. */
  forget(reason: string): void {
    this.#isSeen = false
    this.places.useHint()
    this.enter({ kind: 'idle' }, reason)
  }

  toPeer(): Peer {
    const [state, place] = [this.#state, this.places.reported]
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

  /** Publishes the state if it has changed. */
  #publish(reason: string): void {
    const { name, uuid: service, publish = publishChange } = this.#owner
    const from = this.#published
    const to: PeerState = this.isGone ? 'gone' : peerStateOf(this.#state)
    if (from === to) return
    this.#published = to
    publish({ name, service, peer: this.uuid, from, to, reason })
  }
}

/** The monotonic clock in whole milliseconds: V8 allocates an object for a number with a fraction. */
function wholeMs(): number {
  return Math.round(performance.now())
}
