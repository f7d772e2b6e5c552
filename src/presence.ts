import type { Server, Socket } from 'node:net'
import { type ChosenDriver, chooseDriver, prepareDriver } from './discovery/choose-driver.js'
import type { Discovery, Instance, Listener } from './discovery/discovery.js'
import { type Binding, bind } from './net/binding.js'
import { filterConnects } from './net/connect-filter.js'
import type { CheckedListen, CheckedSettings } from './settings.js'

/** The callbacks of a presence. Called from the event loop, never from within a call of the presence. */
export interface PresenceOptions {
  readonly settings: CheckedSettings
  /** Whether the service does not listen yet, and is not closed. */
  readonly isNew: () => boolean
  /** Whether the service is still opening; if not, opening stops, and `failed` is not called. */
  readonly isWanted: () => boolean
  /** Called with each connection that the server has accepted. */
  readonly onInbound: (socket: Socket) => void
  /** The listener of discovery; `failed` is also called if the service could not be bound. */
  readonly listener: Listener
}

/** A service's place on the network: the port that it is bound to, and its announcement. */
export class Presence {
  readonly #options: PresenceOptions
  #binding: Binding | null = null
  #discovery: Discovery | null = null
  #driver: ChosenDriver | null

  constructor(options: PresenceOptions) {
    this.#options = options
    const { settings, isNew } = options
    const { driver } = settings
    this.#driver = driver === 'auto' ? null : driver
    prepareDriver(driver, isNew)
  }

  /** The driver that is used; null while `auto` has not chosen one. */
  get driver(): ChosenDriver | null {
    return this.#driver
  }

  /** Prepares the security, binds, and announces. To be called once. */
  open(options: CheckedListen): void {
    const { settings, isWanted, listener } = this.#options
    settings.security.prepare((error) => {
      if (!isWanted()) return
      if (error !== null) return listener.failed(error)
      this.#bind(options)
    })
  }

  /** The port of the bound server; null before. */
  get port(): number | null {
    return this.#binding?.port ?? null
  }

  /** The port and the addresses of the bound server; null before. The addresses have no scope. */
  address(): { port: number; addresses: string[] } | null {
    const binding = this.#binding
    return binding === null ? null : { port: binding.port, addresses: binding.addresses() }
  }

  /** Has the kernel drop attempts to connect to the bound server: see {@link filterConnects}. */
  filterConnects(listed: 'drop' | 'pass', addresses: readonly string[]): boolean {
    return this.#binding !== null && filterConnects(this.#binding.server, listed, addresses)
  }

  /** Asks where a peer is: see {@link Discovery.locate}. */
  async locate(uuid: string, signal: AbortSignal): Promise<Instance | null> {
    return (await this.#discovery?.locate(uuid, signal)) ?? null
  }

  /** Withdraws the announcement, and stops listening. Resolves when both are done, and the server's connections have closed. */
  async close(): Promise<void> {
    await Promise.all([this.#binding && closed(this.#binding.server), this.#discovery?.close()])
  }

  #bind({ port, address }: CheckedListen): void {
    const { settings, isWanted, onInbound, listener } = this.#options
    bind(port, address, settings.driver === 'memory', isWanted, (error, binding) => {
      if (!isWanted()) return binding?.server.close()
      if (binding === null) return listener.failed(error)
      this.#binding = binding
      binding.server.on('connection', onInbound)
      this.#announce(binding)
    })
  }

  #announce({ port, interfaceIndex, address }: Binding): void {
    const { settings, listener } = this.#options
    const { name, uuid, uuidChosen, driver, firstLook, security } = settings
    const txt = { v: '1', sec: security.mode }
    const onChosen = (chosen: ChosenDriver) => {
      this.#driver = chosen
    }
    try {
      this.#discovery = chooseDriver(
        driver,
        firstLook,
        onChosen
      )({ name, uuid, probe: uuidChosen, port, txt, interfaceIndex, address }, listener)
    } catch (error) {
      process.nextTick(listener.failed, error as Error)
    }
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
