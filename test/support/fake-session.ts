import { mock } from 'node:test'
import type { Announcement, Discovery, Instance, Listener } from '#tcpnet/discovery/discovery.js'
import { type HealingOptions, healing, type OpenSession } from '#tcpnet/discovery/drivers/healing.js'
import type { Location, OwnHost, Session, SessionEvent } from '#tcpnet/discovery/session.js'

/** A question where an instance is. */
export interface FakeQuestion {
  readonly uuid: string
  readonly answer: (location: Location | null) => void
  /** How often it was cancelled. */
  cancelled: number
}

/** A session whose daemon is played by the test. */
export class FakeSession implements Session {
  readonly announcement: Announcement
  readonly emit: (event: SessionEvent) => void
  readonly ownHost: OwnHost | null
  readonly questions: FakeQuestion[] = []
  /** What its own host name was given. */
  readonly addresses: (readonly string[])[] = []
  closed = 0
  /** Whether the daemon has answered, and the answer was not reported yet. */
  answering = false
  /** Ends a close, as the answer of the daemon does. */
  endClose: () => void = () => {}
  /** Called at each question, from within {@link locate}. */
  onQuestion: () => void = () => {}

  constructor(announcement: Announcement, emit: (event: SessionEvent) => void, ownHost: OwnHost | null) {
    this.announcement = announcement
    this.emit = emit
    this.ownHost = ownHost
  }

  giveUp(): boolean {
    return !this.answering
  }

  close(done: () => void): void {
    this.closed++
    this.endClose = done
  }

  setAddresses(addresses: readonly string[]): void {
    this.addresses.push(addresses)
  }

  locate(uuid: string, done: (location: Location | null) => void): () => void {
    const question = { uuid, answer: done, cancelled: 0 }
    this.questions.push(question)
    this.onQuestion()
    return () => {
      question.cancelled++
    }
  }
}

export const ANNOUNCEMENT: Announcement = {
  name: 'my-cluster',
  uuid: 'AA',
  probe: false,
  port: 4000,
  txt: { v: '1' },
  interfaceIndex: 0,
  address: null
}

/** A healing discovery over sessions that the test plays; time is the test's. */
export class HealingTrial {
  readonly sessions: FakeSession[] = []
  /** What the listener was told. */
  readonly told: string[] = []
  readonly errors: (Error & { code?: string })[] = []
  readonly discovery: Discovery
  /** Called at each call of the listener, before anything else happens. */
  onTold: (line: string) => void = () => {}

  constructor(announcement: Announcement = ANNOUNCEMENT, options: Partial<HealingOptions> = {}) {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
    const open: OpenSession = (announcement, emit, ownHost) => {
      const session = new FakeSession(announcement, emit, ownHost)
      this.sessions.push(session)
      return session
    }
    this.discovery = healing(open, options)(announcement, this.#listener())
  }

  /** The latest session. */
  get session(): FakeSession {
    const session = this.sessions.at(-1)
    if (session === undefined) throw new Error('No session was opened.')
    return session
  }

  /** Goes on until the service is announced. */
  announce(): void {
    this.session.emit({ type: 'announced' })
  }

  fail(failure: 'library' | 'daemon' | 'conflict' | 'refused' = 'daemon'): void {
    this.session.emit({ type: 'failed', failure, message: 'the reason' })
  }

  /** Removes and returns what the listener was told so far. */
  take(): string[] {
    return this.told.splice(0)
  }

  /** Lets time pass. */
  pass(ms: number): void {
    mock.timers.tick(ms)
  }

  #listener(): Listener {
    const tell = (line: string) => {
      this.told.push(line)
      this.onTold(line)
    }
    const tellError = (what: string) => (error: Error) => {
      this.errors.push(error)
      tell(what)
    }
    return {
      announced: () => tell('announced'),
      failed: tellError('failed'),
      seen: (uuid) => tell(`seen ${uuid}`),
      gone: (uuid) => tell(`gone ${uuid}`),
      hint: ({ uuid }: Instance) => tell(`hint ${uuid}`),
      online: () => tell('online'),
      offline: tellError('offline')
    }
  }
}

/** A trial whose service is announced, and whose listener was told nothing else. */
export function announcedTrial(announcement: Announcement = ANNOUNCEMENT): HealingTrial {
  const trial = new HealingTrial(announcement)
  trial.announce()
  trial.take()
  return trial
}
