import { uuidConflict } from '../errors.js'
import { localAddresses } from '../network.js'
import type { Announcement, Discovery, Driver, Instance, Listener } from './discovery.js'
import { FirstLook } from './first-look.js'

/**
 * Milliseconds in which whoever has a uuid answers for it: as long as a host that probes for a name waits for an answer
 * (RFC 6762 §8.1).
 */
const ASK_MS = 250

/**
 * A driver with a first look beside it. It begins at once, but for a uuid that is probed: until that is known to be ours,
 * nobody may be dialed.
 *
 * For such a uuid the network is asked before the daemon is. Avahi does not defend a name against a prober on whose
 * host somebody else knows the name already: that one's known answers silence it (RFC 6762 §7.1 against §8.1), and the
 * newcomer would win over the older service.
 */
export function withFirstLook(driver: Driver): Driver {
  return (announcement, listener) => new WithFirstLook(driver, announcement, listener)
}

class WithFirstLook implements Discovery {
  readonly #driver: Driver
  readonly #announcement: Announcement
  readonly #listener: Listener
  #discovery: Discovery | null = null
  #look: FirstLook | null = null
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(driver: Driver, announcement: Announcement, listener: Listener) {
    this.#driver = driver
    this.#announcement = announcement
    this.#listener = listener
    if (announcement.probe) {
      this.#ask()
    } else {
      this.#discovery = driver(announcement, listener)
      this.#look = this.#begin(announcement.uuid, listener.hint)
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
    const look = this.#begin(null, (instance) => {
      if (instance.uuid !== uuid) return
      look.close()
      clearTimeout(this.#timer)
      this.#listener.failed(uuidConflict(uuid))
    })
    this.#look = look
    this.#timer = setTimeout(() => {
      look.close()
      this.#open()
    }, ASK_MS)
  }

  #open(): void {
    const { uuid } = this.#announcement
    const announced = () => {
      this.#listener.announced()
      if (!this.#closed) this.#look = this.#begin(uuid, this.#listener.hint)
    }
    try {
      this.#discovery = this.#driver(this.#announcement, { ...this.#listener, announced })
    } catch (error) {
      this.#listener.failed(error as Error)
    }
  }

  #begin(uuid: string | null, onHint: (instance: Instance) => void): FirstLook {
    const { name, interfaceIndex } = this.#announcement
    const interfaces = localAddresses().filter(({ index }) => interfaceIndex === 0 || index === interfaceIndex)
    return new FirstLook({ name, uuid, interfaces, onHint })
  }
}
