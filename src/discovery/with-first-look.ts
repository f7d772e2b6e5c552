import { withAny } from '../abort.js'
import { uuidConflict } from '../errors.js'
import { localAddresses } from '../net/addresses.js'
import { trace } from '../trace.js'
import { ask } from './ask.js'
import { type Announcement, type Discovery, type Driver, type Instance, type Listener, LOCATE_MS } from './discovery.js'
import { hasSecurity, joined } from './instance.js'
import { LOOK_TIMES, type LookTimes, nextLookMs } from './look-times.js'
import { OneShotQuery } from './one-shot.js'
import { ServiceInterface, SYSTEM_INTERFACES } from './service-interface.js'

/** Milliseconds to wait for answers on other interfaces after the first one: all are asked at the same time. */
const MOMENT_MS = 10
/** When the network is asked where an instance is, in milliseconds. */
const LOCATE_AT_MS = [0, 1000]

/**
 * A driver with additional multicast DNS queries of our own: a first look for existing peers, later looks from time to time,
 * and the question where a peer is. Looks begin at once, except for a uuid that is probed: until it is known that no other
 * service has it, no peer may be dialed.
 *
 * For such a uuid the network is asked before the daemon. Avahi does not defend a name against a prober if another process on
 * the prober's host has the name in its cache: the known answers of that process suppress the defence (RFC 6762 §7.1 against
 * §8.1), and the new service would replace the older one.
 *
 * @param seesAll whether the driver itself queries the network over both families and receives all announcements: then the first
 *   look asks once, over one family, because every member would answer each repetition; and later looks are made only while no peer
 *   is seen, over both families, because one of the driver's sockets may have failed
 */
export function withFirstLook(
  driver: Driver,
  times: Partial<LookTimes> = {},
  seesAll: () => boolean = () => false
): Driver {
  return (announcement, listener) =>
    new WithFirstLook(driver, announcement, listener, { ...LOOK_TIMES, ...times }, seesAll)
}

class WithFirstLook implements Discovery {
  readonly #driver: Driver
  readonly #announcement: Announcement
  readonly #listener: Listener
  readonly #times: LookTimes
  readonly #seesAll: () => boolean
  readonly #interface: ServiceInterface
  /** The names that the driver reports, which show the size of the cluster. */
  readonly #seen = new Set<string>()
  /** Aborts the questions that are under way. */
  readonly #end = new AbortController()
  #discovery: Discovery | null = null
  #look: OneShotQuery | null = null
  #timer: NodeJS.Timeout | undefined
  #soon: readonly NodeJS.Timeout[] = []
  /** Whether a peer was seen or a hint of one was received. */
  #hasMet = false
  /** When the next look is planned: a time of performance.now(). */
  #lookAt = Number.NEGATIVE_INFINITY
  /** Whether the daemon has gone away. */
  #isOffline = false
  /** Whether peers may know this service by now. */
  #isKnown = false
  /** Whether the first look has ended. */
  #isFirstOver = false

  constructor(
    driver: Driver,
    announcement: Announcement,
    listener: Listener,
    times: LookTimes,
    seesAll: () => boolean
  ) {
    this.#driver = driver
    this.#seesAll = seesAll
    this.#announcement = { ...announcement, hasMet: () => this.#hasMet }
    this.#listener = listener
    this.#times = times
    this.#interface = new ServiceInterface(announcement, SYSTEM_INTERFACES)
    if (announcement.probe) {
      this.#ask()
    } else {
      this.#discovery = driver(this.#announcement, this.#counting({ ...listener, announced: this.#onAnnounced }))
      this.#lookAround(times.startAtMs)
    }
  }

  async locate(uuid: string, signal: AbortSignal): Promise<Instance | null> {
    return await withAny([signal, this.#end.signal], async (question) => {
      const network = this.#locateOnNetwork(uuid, question.signal)
      const daemon = this.#locateByDaemon(uuid, network, question.signal)
      // Also without an answer: the daemon's time ends with that of the network, though it is asked later.
      void network.then(() => question.abort())
      const instance = await firstOf(network, daemon)
      question.abort()
      return instance
    })
  }

  async close(): Promise<void> {
    this.#end.abort()
    clearTimeout(this.#timer)
    for (const timer of this.#soon) clearTimeout(timer)
    this.#look?.close()
    await this.#discovery?.close()
  }

  /** Asks whether another service has our uuid; the driver is opened if no answer comes. */
  #ask(): void {
    const { uuid } = this.#announcement
    const { askAtMs, answerMs } = this.#times
    const overAfterMs = Math.max(...askAtMs) + answerMs
    const look = this.#query({
      uuid: null,
      askAtMs,
      overAfterMs,
      anyAddress: true,
      wants: (other) => other === uuid,
      onInstance: () => {
        look.close()
        clearTimeout(this.#timer)
        this.#listener.failed(uuidConflict(uuid))
      }
    })
    this.#look = look
    this.#timer = setTimeout(() => {
      look.close()
      this.#open()
    }, overAfterMs)
  }

  #open(): void {
    const announced = () => {
      this.#onAnnounced()
      if (!this.#end.signal.aborted) this.#lookAround(this.#times.startAtMs)
    }
    try {
      this.#discovery = this.#driver(this.#announcement, this.#counting({ ...this.#listener, announced }))
    } catch (error) {
      this.#listener.failed(error as Error)
    }
  }

  readonly #onAnnounced = (): void => {
    const { announcedMs, aloneMs } = this.#times
    const waits = this.#hasMet ? [announcedMs] : [aloneMs, announcedMs]
    const askAgain = () => {
      this.#isKnown = true
      if (!this.#seesAll()) this.#look?.askAgain()
    }
    this.#soon = waits.map((ms) => setTimeout(askAgain, ms))
    this.#listener.announced()
  }

  #counting(listener: Listener): Listener {
    return {
      ...listener,
      seen: (uuid) => {
        this.#seen.add(uuid)
        this.#hasMet ||= uuid !== this.#announcement.uuid
        listener.seen(uuid)
      },
      gone: (uuid) => {
        this.#seen.delete(uuid)
        // The next look was planned while a peer was seen. It is never postponed: names may come and go all the time.
        if (!this.#seesPeer && !this.#end.signal.aborted) this.#planLook(this.#lookAt)
        listener.gone(uuid)
      },
      offline: (reason) => {
        this.#isOffline = true
        this.#lookAround(this.#times.startAtMs)
        listener.offline(reason)
      },
      online: () => {
        this.#isOffline = false
        listener.online()
      }
    }
  }

  #lookAround(askAtMs: readonly number[]): void {
    this.#look?.close()
    clearTimeout(this.#timer)
    const hinted = new Set([this.#announcement.uuid])
    this.#look = this.#query({
      uuid: null,
      askAtMs,
      asksAgain: () => !this.#seesAll(),
      asksSecondFamily: () => !this.#seesAll() || this.#isOffline || (this.#isFirstOver && !this.#hasMet),
      overAfterMs: Math.max(...askAtMs) + this.#times.lastAnswerMs,
      wants: (uuid) => !hinted.has(uuid),
      onOver: () => this.#onLookOver(hinted.size > 1),
      onInstance: (instance) => {
        // Only then, so that a true answer that follows a false one is reported as well.
        if (hasSecurity(instance, this.#announcement.txt)) hinted.add(instance.uuid)
        trace('%s: first seen at %j port %d', instance.uuid, instance.host, instance.port)
        this.#hasMet = true
        this.#listener.hint(instance, this.#isKnown)
      }
    })
    this.#planLook()
  }

  /** @param latestAt the time of the planned look, which the new one must not exceed */
  #planLook(latestAt = Number.POSITIVE_INFINITY): void {
    const { againMs, offlineMs, leftMs } = this.#times
    const onlineMs = this.#hasMet && !this.#seesPeer ? Math.min(leftMs, againMs) : againMs
    const waitMs = nextLookMs(this.#isOffline ? offlineMs : onlineMs, this.#seen.size, Math.random())
    const lookAt = performance.now() + waitMs
    if (lookAt >= latestAt) return
    this.#lookAt = lookAt
    const onDue = () => (this.#isEnough() ? this.#planLook() : this.#lookAround([0]))
    clearTimeout(this.#timer)
    this.#timer = setTimeout(onDue, waitMs)
  }

  get #seesPeer(): boolean {
    return this.#seen.size > (this.#seen.has(this.#announcement.uuid) ? 1 : 0)
  }

  /** Whether the driver's own queries find everything that a look would find. */
  #isEnough(): boolean {
    return this.#seesAll() && !this.#isOffline && this.#seesPeer
  }

  /** @param wasAnswered whether the look has found another instance */
  #onLookOver(wasAnswered: boolean): void {
    if (this.#isFirstOver) return
    this.#isFirstOver = true
    if (!wasAnswered && !this.#seesPeer && this.#look !== null) this.#listener.unanswered?.(noAnswerTo(this.#look))
  }

  #locateOnNetwork(uuid: string, signal: AbortSignal): Promise<Instance | null> {
    return ask<Instance>(
      (done) => {
        let found: Instance | null = null
        let timer: NodeJS.Timeout | undefined
        const query = this.#query({
          uuid,
          askAtMs: LOCATE_AT_MS,
          overAfterMs: LOCATE_MS,
          wants: (other) => other === uuid,
          onInstance: (instance) => {
            found = joined(found, instance, this.#announcement.txt)
            timer ??= setTimeout(() => done(found), MOMENT_MS)
          }
        })
        return () => {
          clearTimeout(timer)
          query.close()
        }
      },
      signal,
      LOCATE_MS
    )
  }

  /**
   * Asks the daemon if the network has not answered in time. The daemon is asked second because its cache may be out of date.
   */
  async #locateByDaemon(
    uuid: string,
    network: Promise<Instance | null>,
    signal: AbortSignal
  ): Promise<Instance | null> {
    const waited = await Promise.race([
      network.then(() => false),
      ask<true>(
        (done) => {
          const timer = setTimeout(done, this.#times.locateMs, true)
          return () => clearTimeout(timer)
        },
        signal,
        LOCATE_MS
      )
    ])
    if (waited !== true) return null
    return (await this.#discovery?.locate(uuid, signal)) ?? null
  }

  #query(options: Omit<ConstructorParameters<typeof OneShotQuery>[0], 'name' | 'interfaces'>): OneShotQuery {
    const { name } = this.#announcement
    const own = this.#interface.find()
    const interfaces = localAddresses().filter(({ index }) => own === 0 || index === own)
    return new OneShotQuery({ ...options, name, interfaces })
  }
}

/** The question, the interfaces, and what to check. */
function noAnswerTo({ type, places }: OneShotQuery): string {
  return (
    `no instance answered the question for ${type} on ${places}; check that the other services have the same name and are ` +
    'in one of these networks, and that no firewall on either side drops UDP of port 5353'
  )
}

/** The first of two answers that is not null; null if both are. */
async function firstOf<T>(one: Promise<T | null>, other: Promise<T | null>): Promise<T | null> {
  const either = await Promise.race([one, other])
  return either ?? (await one) ?? (await other)
}
