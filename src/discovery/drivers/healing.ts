import { withAny } from '../../abort.js'
import { falseConflict, TcpnetError, uuidConflict } from '../../errors.js'
import { trace } from '../../trace.js'
import { ask } from '../ask.js'
import {
  type Announcement,
  type Discovery,
  type Driver,
  type Instance,
  type Listener,
  LOCATE_MS
} from '../discovery.js'
import { instanceOf } from '../instance.js'
import { type InterfaceSource, ServiceInterface, SYSTEM_INTERFACES } from '../service-interface.js'
import type { Location, OwnHost, Session, SessionEvent, SessionFailure } from '../session.js'
import { Sightings } from '../sightings.js'
import { ServiceHost } from './service-host.js'

/** Milliseconds in which a daemon has to answer, by default: `listen` reports a missing daemon within five seconds. */
const ANSWER_TIMEOUT_MS = 4500
/**
 * Milliseconds that a daemon has to publish the announcement after it has answered: it may be busy, or may not have established
 * its own host name yet, for example if it has just started (RFC 6762 §8.1) and other hosts have the names that it tries, one
 * each second.
 */
const ANNOUNCE_TIMEOUT_MS = 30_000
/** Milliseconds before the first attempt to reach a daemon that went away, doubled each time up to the longest. */
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 10_000
/** Milliseconds after an outage within which names have to be seen again. */
const REPLAY_MS = 5000
/** Milliseconds that a daemon has to withdraw the announcement. */
const CLOSE_TIMEOUT_MS = 1000

/** What to do about a daemon that does not answer. */
export const START_AVAHI = 'on Linux start avahi-daemon (and D-Bus), or install it: `apt-get install avahi-daemon`'

/** One connection to a daemon: it announces and browses until it fails, once and for good. */
export type OpenSession = (
  announcement: Announcement,
  onEvent: (event: SessionEvent) => void,
  ownHost: OwnHost | null
) => Session

/** Why a service is not announced: the failure of its session, or that no interface has its address. */
interface Failure {
  readonly failure: SessionFailure | 'interface'
  readonly message: string
}

/** What ends a session that was announced under the daemon's host name, and should not have been. */
const ELSEWHERE: Failure = {
  failure: 'interface',
  message:
    'The DNS-SD daemon runs in another network namespace: the service is announced anew, under a host name of its own.'
}

export interface HealingOptions {
  /** Milliseconds in which a daemon has to answer; a session without an answer is given up, and announces nothing. */
  readonly answerTimeoutMs: number
  /** What to do about a daemon that does not answer, as the end of a sentence. */
  readonly startDaemon: string
  /**
   * Whether a daemon that has answered, and goes away before it has announced the service, is waited for, for about half a minute.
   * If not, that is an error at once, as it is if the daemon has not answered at all.
   */
  readonly waitsForDaemon: boolean
  readonly interfaces: InterfaceSource
}

const DEFAULTS: HealingOptions = {
  answerTimeoutMs: ANSWER_TIMEOUT_MS,
  startDaemon: START_AVAHI,
  waitsForDaemon: false,
  interfaces: SYSTEM_INTERFACES
}

/** Makes a driver from sessions: after one has failed it opens another, which announces the same name. */
export function healing(open: OpenSession, options: Partial<HealingOptions> = {}): Driver {
  return (announcement, listener) => new HealingDiscovery(open, announcement, listener, { ...DEFAULTS, ...options })
}

class HealingDiscovery implements Discovery {
  readonly #open: OpenSession
  readonly #announcement: Announcement
  readonly #listener: Listener
  readonly #answerTimeoutMs: number
  readonly #startDaemon: string
  readonly #waitsForDaemon: boolean
  readonly #sightings: Sightings
  /** Aborts the questions to the current session. */
  #questions = new AbortController()
  readonly #interface: ServiceInterface
  readonly #host: ServiceHost
  /** Looks at the interfaces while the service is on one address. */
  readonly #interfaceTimer: NodeJS.Timeout | undefined
  /** The index that the session was opened with; null while there is none. */
  #index: number | null = null
  #session: Session | null = null
  /** Whether a daemon has ever answered. */
  #answered = false
  #announced = false
  #offline = false
  #retryMs = FIRST_RETRY_MS
  /** The next timed step: the deadline of the answer or the announcement, the next attempt, or the end of the replay. */
  #timer: NodeJS.Timeout | undefined
  #closed: Promise<void> | null = null

  constructor(open: OpenSession, announcement: Announcement, listener: Listener, options: HealingOptions) {
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
    const { answerTimeoutMs, startDaemon, waitsForDaemon, interfaces } = options
    this.#answerTimeoutMs = answerTimeoutMs
    this.#startDaemon = startDaemon
    this.#waitsForDaemon = waitsForDaemon
    this.#interface = new ServiceInterface(announcement, interfaces)
    this.#host = new ServiceHost(announcement, interfaces)
    if (this.#interface.isOne) this.#interfaceTimer = setInterval(this.#checkInterface, interfaces.everyMs).unref()
    this.#connect()
  }

  async locate(uuid: string, signal: AbortSignal): Promise<Instance | null> {
    const session = this.#session
    if (session === null) return null
    const location = await withAny([signal, this.#questions.signal], (question) =>
      ask<Location>((done) => session.locate(uuid, done), question.signal, LOCATE_MS)
    )
    return location === null ? null : instanceOf(uuid, this.#host.located(location))
  }

  close(): Promise<void> {
    clearInterval(this.#interfaceTimer)
    this.#closed ??= this.#endSession()
    return this.#closed
  }

  #connect(): void {
    const interfaceIndex = this.#interface.find()
    this.#index = interfaceIndex
    if (interfaceIndex === null) return this.#after(0, () => this.#onFailed(this.#noInterface()))
    const onEvent = (event: SessionEvent) => {
      if (this.#session === session && this.#closed === null) this.#onEvent(event, session)
    }
    const session = this.#open({ ...this.#announcement, interfaceIndex }, onEvent, this.#host.begin())
    this.#session = session
    this.#after(this.#answerTimeoutMs, () => this.#onSilent(session))
  }

  #onEvent(event: SessionEvent, session: Session): void {
    switch (event.type) {
      case 'elsewhere':
        return this.#host.onElsewhere(session)
      case 'daemonHost':
        if (this.#host.isElsewhere(event.addresses)) this.#onFailed(ELSEWHERE)
        return
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

  #onSilent(session: Session): void {
    if (!session.giveUp()) return this.#onAnswered()
    this.#onFailed({ failure: 'daemon', message: `it does not answer: ${this.#startDaemon}` })
  }

  #onAnswered(): void {
    this.#answered = true
    if (this.#isOnline) return
    const seconds = ANNOUNCE_TIMEOUT_MS / 1000
    const message = `it accepted the announcement but did not publish it within ${seconds} s: see its log`
    this.#after(ANNOUNCE_TIMEOUT_MS, () => this.#onFailed({ failure: 'refused', message }))
  }

  #onAnnounced(): void {
    // A daemon may announce again, for example when its host name has changed.
    if (this.#isOnline) return
    const isFirst = !this.#announced
    this.#answered = true
    this.#announced = true
    this.#offline = false
    this.#retryMs = FIRST_RETRY_MS
    this.#after(REPLAY_MS, () => this.#sightings.dropDoubted())
    if (!isFirst) return this.#listener.online()
    this.#listener.announced()
    // Names seen before are reported only now: until it is known that no other service has the uuid, no peer may be dialed.
    this.#sightings.begin()
  }

  /** A session keeps the index with which it was opened: when the index has changed, another session is opened. */
  readonly #checkInterface = (): void => {
    const index = this.#interface.find()
    if (index === this.#index) return
    this.#index = index
    if (this.#session !== null) this.#onFailed(index === null ? this.#noInterface() : this.#otherInterface())
    else if (index !== null) this.#connect()
  }

  #noInterface(): Failure {
    const { address } = this.#announcement
    const problem = `No interface has the address ${address}, on which the service listens`
    return { failure: 'interface', message: `${problem}: the service is announced again when an interface has it.` }
  }

  #otherInterface(): Failure {
    const { address } = this.#announcement
    const problem = `The interface with the address ${address}, on which the service listens, was removed and made again`
    return { failure: 'interface', message: `${problem}: the service is announced there again.` }
  }

  #onFailed(event: Failure): void {
    void this.#endSession()
    const error = errorOf(event, this.#announcement)
    if (this.#isFinal(event)) {
      clearInterval(this.#interfaceTimer)
      return this.#listener.failed(error)
    }
    trace('not announced (%s); next attempt in %d ms', error.message, this.#retryMs)
    this.#after(this.#retryMs, () => this.#connect())
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS)
    // Also if the session failed before it announced: its names are as old as the others.
    this.#sightings.doubt()
    if (!this.#isOnline) return
    this.#offline = true
    this.#listener.offline(error)
  }

  /** Whether another attempt is useless. */
  #isFinal({ failure }: Failure): boolean {
    const isOver = this.#retryMs === LONGEST_RETRY_MS
    if (failure === 'daemon' && this.#answered && this.#waitsForDaemon) return !this.#announced && isOver
    if (failure !== 'conflict') return !this.#announced
    // Random uuids cannot collide: a reported conflict is false, so registration is retried for a while.
    return this.#announcement.probe || (!this.#announced && isOver)
  }

  #endSession(): Promise<void> {
    clearTimeout(this.#timer)
    this.#host.end()
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

  #after(ms: number, step: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(step, ms)
  }
}

function errorOf({ failure, message }: Failure, { name, uuid, probe }: Announcement): TcpnetError {
  switch (failure) {
    case 'conflict':
      return probe ? uuidConflict(uuid) : falseConflict(uuid)
    case 'refused':
      return new TcpnetError(
        'ERR_TCPNET_DAEMON_REFUSED',
        `The DNS-SD daemon refused the announcement: ${message}.` +
          (name.length === 1 ? ' Avahi accepts no name of a single character: choose a longer one.' : '')
      )
    case 'interface':
      return new TcpnetError('ERR_TCPNET_NO_INTERFACE', message)
    case 'library':
      return new TcpnetError('ERR_TCPNET_NO_DRIVER', `The DNS-SD library cannot be used: ${message}.`)
    case 'daemon':
      return new TcpnetError('ERR_TCPNET_NO_DAEMON', `The DNS-SD daemon cannot be reached: ${message}.`)
  }
}
