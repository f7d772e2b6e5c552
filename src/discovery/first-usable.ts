import { TcpnetError } from '../errors.js'
import { trace } from '../trace.js'
import type { Announcement, Discovery, Driver, Instance, Listener } from './discovery.js'

/**
 * Makes one driver of several: the first that can be used on this machine. One whose library or package is missing is
 * passed over; a daemon that is not running is an error, because the next driver would need the same one.
 */
export function firstUsable(drivers: ReadonlyMap<string, Driver>): Driver {
  return (announcement, listener) => new FirstUsable([...drivers], announcement, listener)
}

class FirstUsable implements Discovery {
  readonly #left: [name: string, driver: Driver][]
  readonly #announcement: Announcement
  readonly #listener: Listener
  /** Why the drivers so far could not be used. */
  readonly #reasons: string[] = []
  #discovery: Discovery | null = null
  #closed = false

  constructor(drivers: [string, Driver][], announcement: Announcement, listener: Listener) {
    this.#left = drivers
    this.#announcement = announcement
    this.#listener = listener
    this.#next()
  }

  async locate(uuid: string, signal: AbortSignal): Promise<Instance | null> {
    return (await this.#discovery?.locate(uuid, signal)) ?? null
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#discovery?.close()
  }

  #next(): void {
    const next = this.#left.shift()
    if (next === undefined) {
      setImmediate(() => {
        if (!this.#closed) this.#listener.failed(noneUsable(this.#reasons))
      })
      return
    }
    const [name, driver] = next
    const passOver = (error: Error) => {
      trace('driver %s cannot be used: %s', name, error.message)
      this.#reasons.push(`${name}: ${error.message}`)
      this.#next()
    }
    const failed = (error: Error) => {
      if (!isUnusable(error)) return this.#listener.failed(error)
      this.#discovery?.close()
      passOver(error)
    }
    try {
      this.#discovery = driver(this.#announcement, { ...this.#listener, failed })
      trace('driver %s is tried', name)
    } catch (error) {
      passOver(error as Error)
    }
  }
}

function isUnusable(error: Error): boolean {
  return error instanceof TcpnetError && (error.code === 'ERR_TCPNET_NO_DRIVER' || error.code === 'ERR_TCPNET_ADDON')
}

function noneUsable(reasons: readonly string[]): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_NO_DRIVER',
    `No discovery driver works on this machine. Tried: ${reasons.join(' Then: ')}`
  )
}
