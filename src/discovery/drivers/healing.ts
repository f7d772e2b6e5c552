import { withAny } from '../../abort.js'
import { falseConflict, TcpnetError, uuidConflict } from '../../errors.js'
import { trace } from '../../trace.js'
import {
  type Announcement,
  type Discovery,
  type Driver,
  type Instance,
  type Listener,
  LOCATE_MS
} from '../discovery.js'
import { ask, instanceOf } from '../located.js'
import { type InterfaceSource, ServiceInterface, SYSTEM_INTERFACES } from '../service-interface.js'
import type { Location, OwnHost, Session, SessionEvent, SessionFailure } from '../session.js'
import { Sightings } from '../sightings.js'
import { ServiceHost } from './service-host.js'

/** Milliseconds in which a daemon has to answer by default: below the five seconds in which `listen` is to say that there is none. */
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
export const START_AVAHI = 'on Linux start avahi-daemon (and D-Bus), or install it: `apt-get install avahi-daemon`'

/** One connection to a daemon: it announces and browses until it fails, once and for good. */
export type OpenSession = (
  announcement: Announcement,
  onEvent: (event: SessionEvent) => void,
  ownHost: OwnHost | null
) => Session

/** Why a service is not announced: what its session said, or that its address is on no interface. */
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
  /** Milliseconds in which a daemon has to answer: a session that it has not answered by then announces nothing. */
  readonly answerTimeoutMs: number
  /** What to do about a daemon that does not answer: the end of a sentence. */
  readonly startDaemon: string
  readonly interfaces: InterfaceSource
}

const DEFAULTS: HealingOptions = {
  answerTimeoutMs: ANSWER_TIMEOUT_MS,
  startDaemon: START_AVAHI,
  interfaces: SYSTEM_INTERFACES
}

/** Makes a driver of sessions that fail: one session after the other, each announcing the same name. */
export function healing(open: OpenSession, options: Partial<HealingOptions> = {}): Driver {
  return (announcement, listener) => new HealingDiscovery(open, announcement, listener, { ...DEFAULTS, ...options })
}

class HealingDiscovery implements Discovery {
  readonly #open: OpenSession
  readonly #announcement: Announcement
  readonly #listener: Listener
  readonly #answerTimeoutMs: number
  readonly #startDaemon: string
  readonly #sightings: Sightings
  /** Ends the questions that were put to the current session. */
  #questions = new AbortController()
  readonly #interface: ServiceInterface
  readonly #host: ServiceHost
  /** Looks at the interfaces while the service is on one address. */
  readonly #interfaceTimer: NodeJS.Timeout | undefined
  /** The index that the session was opened with; null while there is none. */
  #index: number | null = null
  #session: Session | null = null
  #announced = false
  #offline = false
  #retryMs = FIRST_RETRY_MS
  /** The next step in time: the announcement's deadline, the next attempt, or the end of the replay. */
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
    const { answerTimeoutMs, startDaemon, interfaces } = options
    this.#answerTimeoutMs = answerTimeoutMs
    this.#startDaemon = startDaemon
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
    if (this.#isOnline) return
    const seconds = ANNOUNCE_TIMEOUT_MS / 1000
    const message = `it accepted the announcement but did not publish it within ${seconds} s: see its log`
    this.#after(ANNOUNCE_TIMEOUT_MS, () => this.#onFailed({ failure: 'refused', message }))
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
    // What was found before is told only now: until the uuid is known to be ours, no peer may be dialed.
    this.#sightings.begin()
  }

  /** A session knows only the index that it was opened with: when that has changed, another one is opened. */
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
    return { failure: 'interface', message: `${problem}: it is announced again once one has.` }
  }

  #otherInterface(): Failure {
    const { address } = this.#announcement
    const problem = `The interface with the address ${address}, on which the service listens, was removed and made again`
    return { failure: 'interface', message: `${problem}: the service is announced there anew.` }
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
    // What a session found that failed before it announced is as old as the rest.
    this.#sightings.doubt()
    if (!this.#isOnline) return
    this.#offline = true
    this.#listener.offline(error)
  }

  /** Whether another attempt is of no use. */
  #isFinal({ failure }: Failure): boolean {
    if (failure !== 'conflict') return !this.#announced
    // Random uuids cannot collide: a reported conflict is false, so registration is retried for a while.
    return this.#announcement.probe || (!this.#announced && this.#retryMs === LONGEST_RETRY_MS)
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
          (name.length === 1 ? ' Avahi takes no name of a single character: choose a longer one.' : '')
      )
    case 'interface':
      return new TcpnetError('ERR_TCPNET_NO_INTERFACE', message)
    case 'library':
      return new TcpnetError('ERR_TCPNET_NO_DRIVER', `The DNS-SD library cannot be used: ${message}.`)
    case 'daemon':
      return new TcpnetError('ERR_TCPNET_NO_DAEMON', `The DNS-SD daemon cannot be reached: ${message}.`)
  }
}
