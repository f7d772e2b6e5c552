import type { Location, Session, SessionEvent, SessionFailure } from '../addon.js'
import { TcpnetError, uuidConflict } from '../errors.js'
import { trace } from '../trace.js'
import { type Announcement, type Discovery, type Driver, type Instance, type Listener, LOCATE_MS } from './discovery.js'
import { ask, instanceOf } from './located.js'
import { Sightings } from './sightings.js'

/** Milliseconds in which a daemon has to answer: below the five seconds in which `listen` is to say that there is none. */
const ANSWER_TIMEOUT_MS = 4500
/**
 * Milliseconds that one has to announce that has answered: it may have much else to do, or not have found a name for its own
 * host yet, as when it has just started (RFC 6762 §8.1) and others have the names that it tries, each for a second.
 */
const ANNOUNCE_TIMEOUT_MS = 30_000
/** Milliseconds before the first attempt to reach a daemon that went away; doubling to the longest. */
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 10_000
/** Milliseconds after an outage in which names have to be seen again. */
const REPLAY_MS = 5000
/** Milliseconds that a daemon has for the farewell. */
const CLOSE_TIMEOUT_MS = 1000

/** What to do about a daemon that does not answer. */
export const START_DAEMON = 'on Linux start avahi-daemon (and D-Bus), or install it: `apt-get install avahi-daemon`'

/** One connection to a daemon: it announces and browses until it fails, once and for good. */
export type OpenSession = (announcement: Announcement, onEvent: (event: SessionEvent) => void) => Session

/** Makes a driver of sessions that fail: one session after the other, each announcing the same name. */
export function healing(open: OpenSession): Driver {
  return (announcement, listener) => new HealingDiscovery(open, announcement, listener)
}

class HealingDiscovery implements Discovery {
  readonly #open: OpenSession
  readonly #announcement: Announcement
  readonly #listener: Listener
  readonly #sightings: Sightings
  /** Ends the questions that the session at hand was asked. */
  #questions = new AbortController()
  #session: Session | null = null
  #announced = false
  #offline = false
  #retryMs = FIRST_RETRY_MS
  /** The next step in time: the announcement's deadline, the next attempt, or the end of the replay. */
  #timer: NodeJS.Timeout | undefined
  #closed: Promise<void> | null = null

  constructor(open: OpenSession, announcement: Announcement, listener: Listener) {
    this.#open = open
    this.#announcement = announcement
    this.#listener = listener
    this.#sightings = new Sightings({
      seen: (uuid) => {
        if (this.#closed === null) listener.seen(uuid)
      },
      gone: (uuid) => {
        if (this.#closed === null) listener.gone(uuid)
      }
    })
    this.#connect()
  }

  async locate(uuid: string, signal: AbortSignal): Promise<Instance | null> {
    const session = this.#session
    if (session === null) return null
    const either = AbortSignal.any([signal, this.#questions.signal])
    const location = await ask<Location>((done) => session.locate(uuid, done), either, LOCATE_MS)
    return location === null ? null : instanceOf(uuid, location)
  }

  close(): Promise<void> {
    this.#closed ??= this.#endSession()
    return this.#closed
  }

  #connect(): void {
    const session = this.#open(this.#announcement, (event) => {
      if (this.#session === session && this.#closed === null) this.#onEvent(event)
    })
    this.#session = session
    this.#expect(ANSWER_TIMEOUT_MS, 'daemon', `it does not answer: ${START_DAEMON}`)
  }

  #onEvent(event: SessionEvent): void {
    switch (event.type) {
      case 'answered':
        return this.#onAnswered()
      case 'announced':
        return this.#onAnnounced()
      case 'seen':
        return this.#sightings.seen(event.uuid)
      case 'gone':
        return this.#sightings.gone(event.uuid)
      case 'failed':
        return this.#onFailed(event)
    }
  }

  #onAnswered(): void {
    if (this.#isOnline) return
    const seconds = ANNOUNCE_TIMEOUT_MS / 1000
    this.#expect(ANNOUNCE_TIMEOUT_MS, 'refused', `it has taken it on, and not made it within ${seconds} s: see its log`)
  }

  #onAnnounced(): void {
    // A daemon may announce again, as when its host's name has changed.
    if (this.#isOnline) return
    const isFirst = !this.#announced
    this.#announced = true
    this.#offline = false
    this.#retryMs = FIRST_RETRY_MS
    this.#after(REPLAY_MS, () => this.#sightings.dropDoubted())
    if (!isFirst) return this.#listener.online()
    this.#listener.announced()
    // What was found before is told only now: until the uuid is known to be ours, nobody may be dialed.
    this.#sightings.begin()
  }

  #onFailed(event: SessionEvent & { type: 'failed' }): void {
    void this.#endSession()
    const error = errorOf(event, this.#announcement)
    if (this.#isFinal(event)) return this.#listener.failed(error)
    trace('the daemon is gone (%s); next attempt in %d ms', error.message, this.#retryMs)
    this.#after(this.#retryMs, () => this.#connect())
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS)
    // What a session found that failed before it announced is as old as the rest.
    this.#sightings.doubt()
    if (!this.#isOnline) return
    this.#offline = true
    this.#listener.offline(error)
  }

  /** Whether there is no use in another attempt, or nobody waits for one. */
  #isFinal({ failure }: SessionEvent & { type: 'failed' }): boolean {
    if (failure !== 'conflict') return !this.#announced
    // Nobody has a generated uuid as well: who says so, where the daemon probes all the same, lies. For a while he is borne.
    return this.#announcement.probe || (!this.#announced && this.#retryMs === LONGEST_RETRY_MS)
  }

  #endSession(): Promise<void> {
    clearTimeout(this.#timer)
    const session = this.#session
    this.#session = null
    this.#questions.abort()
    this.#questions = new AbortController()
    if (session === null) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)
      session.close(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  get #isOnline(): boolean {
    return this.#announced && !this.#offline
  }

  /** The session fails unless it comes to its next step in time. */
  #expect(ms: number, failure: SessionFailure, message: string): void {
    this.#after(ms, () => this.#onFailed({ type: 'failed', failure, message }))
  }

  #after(ms: number, step: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(step, ms)
  }
}

function errorOf({ failure, message }: SessionEvent & { type: 'failed' }, { name, uuid }: Announcement): TcpnetError {
  switch (failure) {
    case 'conflict':
      return uuidConflict(uuid)
    case 'refused':
      return new TcpnetError(
        'ERR_TCPNET_DAEMON_REFUSED',
        `The DNS-SD daemon refused the announcement: ${message}.` +
          (name.length === 1 ? ' Avahi takes no name of a single character: choose a longer one.' : '')
      )
    case 'library':
      return new TcpnetError('ERR_TCPNET_NO_DRIVER', `The DNS-SD library cannot be used: ${message}.`)
    case 'daemon':
      return new TcpnetError('ERR_TCPNET_NO_DAEMON', `The DNS-SD daemon cannot be reached: ${message}.`)
  }
}
