import { uuidConflict } from '../errors.js'
import { localAddresses } from '../network.js'
import type { Announcement, Discovery, Driver, Instance, Listener } from './discovery.js'
import { AT_FIRST_MS, FirstLook } from './first-look.js'
import { ServiceInterface, SYSTEM_INTERFACES } from './service-interface.js'

/** When looks are made, in milliseconds. */
export interface LookTimes {
  /** When the network is asked for a chosen uuid, from the start on. */
  readonly askAtMs: readonly number[]
  /** How long after the last question an answer counts. */
  readonly answerMs: number
  /** The time between two later looks, on average. */
  readonly againMs: number
}

/**
 * - A chosen uuid is asked for twice: mDNSResponder answers no question for a record that it has sent by multicast less
 *   than a second ago (RFC 6762 §6), and Avahi takes the silence for consent.
 * - An answer counts for as long as a host that probes for a name waits for one (§8.1).
 * - Later looks come as often as daemons forget a host (§10). Daemons ask ever more seldom, up to an hour apart (§5.2):
 *   two parts of a network that were apart for longer would stay so.
 */
export const LOOK_TIMES: LookTimes = { askAtMs: [0, 1000], answerMs: 250, againMs: 120_000 }

/**
 * A driver with a first look beside it, and others from time to time. It begins at once, but for a uuid that is probed:
 * until that is known to be ours, nobody may be dialed.
 *
 * For such a uuid the network is asked before the daemon is. Avahi does not defend a name against a prober on whose
 * host somebody else knows the name already: that one's known answers silence it (RFC 6762 §7.1 against §8.1), and the
 * newcomer would win over the older service.
 */
export function withFirstLook(driver: Driver, times: Partial<LookTimes> = {}): Driver {
  return (announcement, listener) => new WithFirstLook(driver, announcement, listener, { ...LOOK_TIMES, ...times })
}

class WithFirstLook implements Discovery {
  readonly #driver: Driver
  readonly #announcement: Announcement
  readonly #listener: Listener
  readonly #times: LookTimes
  readonly #interface: ServiceInterface
  #discovery: Discovery | null = null
  #look: FirstLook | null = null
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(driver: Driver, announcement: Announcement, listener: Listener, times: LookTimes) {
    this.#driver = driver
    this.#announcement = announcement
    this.#listener = listener
    this.#times = times
    this.#interface = new ServiceInterface(announcement, SYSTEM_INTERFACES)
    if (announcement.probe) {
      this.#ask()
    } else {
      this.#discovery = driver(announcement, listener)
      this.#lookAround(AT_FIRST_MS)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#look?.close()
    await this.#discovery?.close()
  }

  /** Asks who has our uuid; the driver is opened if nobody does. */
  #ask(): void {
    const { uuid } = this.#announcement
    const { askAtMs, answerMs } = this.#times
    const look = this.#begin(null, askAtMs, (instance) => {
      if (instance.uuid !== uuid) return
      look.close()
      clearTimeout(this.#timer)
      this.#listener.failed(uuidConflict(uuid))
    })
    this.#look = look
    this.#timer = setTimeout(
      () => {
        look.close()
        this.#open()
      },
      Math.max(...askAtMs) + answerMs
    )
  }

  #open(): void {
    const announced = () => {
      this.#listener.announced()
      if (!this.#closed) this.#lookAround(AT_FIRST_MS)
    }
    try {
      this.#discovery = this.#driver(this.#announcement, { ...this.#listener, announced })
    } catch (error) {
      this.#listener.failed(error as Error)
    }
  }

  #lookAround(askAtMs: readonly number[]): void {
    this.#look?.close()
    this.#look = this.#begin(this.#announcement.uuid, askAtMs, this.#listener.hint)
    // Not all of a cluster at the same time.
    this.#timer = setTimeout(() => this.#lookAround([0]), this.#times.againMs * (0.75 + Math.random() / 2))
  }

  #begin(uuid: string | null, askAtMs: readonly number[], onHint: (instance: Instance) => void): FirstLook {
    const { name } = this.#announcement
    const own = this.#interface.find()
    const interfaces = localAddresses().filter(({ index }) => own === 0 || index === own)
    return new FirstLook({ name, uuid, interfaces, askAtMs, onHint })
  }
}
