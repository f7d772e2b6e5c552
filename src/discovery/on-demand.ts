import type { Announcement, Discovery, Driver, Instance, Listener } from './discovery.js'

/**
 * A driver whose code is loaded when it is used. A failure to load it, and what the driver throws, are reported by `failed`.
 */
export function onDemand(load: () => Promise<Driver>): Driver {
  return (announcement, listener) => new OnDemand(load, announcement, listener)
}

class OnDemand implements Discovery {
  readonly #listener: Listener
  #discovery: Discovery | null = null
  #closed = false

  constructor(load: () => Promise<Driver>, announcement: Announcement, listener: Listener) {
    this.#listener = listener
    load()
      .then((driver) => {
        if (!this.#closed) this.#discovery = driver(announcement, listener)
      })
      .catch(this.#failed)
  }

  async locate(uuid: string, signal: AbortSignal): Promise<Instance | null> {
    return (await this.#discovery?.locate(uuid, signal)) ?? null
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#discovery?.close()
  }

  /** Calls from the event loop, so that an exception of a listener is uncaught, and not a rejected promise. */
  readonly #failed = (error: Error): void => {
    setImmediate(() => {
      if (!this.#closed) this.#listener.failed(error)
    })
  }
}
