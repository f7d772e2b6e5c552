import type { Server, Socket } from 'node:net'
import { type ChosenDriver, chooseDriver, prepareDriver } from './discovery/choose-driver.js'
import type { Discovery, Instance, Listener } from './discovery/discovery.js'
import { type Binding, bind } from './net/binding.js'
import type { CheckedListen, CheckedSettings } from './settings.js'

/** What a presence tells. Called from the event loop, never from within a call. */
export interface PresenceOptions {
  readonly settings: CheckedSettings
  /** Whether the service still opens: what is not wanted any more goes no further, and `failed` is not called for it. */
  readonly isWanted: () => boolean
  /** Connections that the server has accepted. */
  readonly onInbound: (socket: Socket) => void
  /** What discovery tells; `failed` also where the service could not be bound. */
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
    const { driver } = options.settings
    this.#driver = driver === 'auto' ? null : driver
    prepareDriver(driver)
  }

  /** The driver that is used; null while `auto` has not chosen one. */
  get driver(): ChosenDriver | null {
    return this.#driver
  }

  /** Gets the security ready, binds, and announces. To be called once. */
  open(options: CheckedListen): void {
    const { settings, isWanted, listener } = this.#options
    settings.security.prepare((error) => {
      if (!isWanted()) return
      if (error !== null) return listener.failed(error)
      this.#bind(options)
    })
  }

  /** The port that it is bound to; null before. */
  get port(): number | null {
    return this.#binding?.port ?? null
  }

  /** Where it is bound; null before. The addresses are without scope. */
  address(): { port: number; addresses: string[] } | null {
    const binding = this.#binding
    return binding === null ? null : { port: binding.port, addresses: binding.addresses() }
  }

  /** Asks where a peer is: see {@link Discovery.locate}. */
  async locate(uuid: string, signal: AbortSignal): Promise<Instance | null> {
    return (await this.#discovery?.locate(uuid, signal)) ?? null
  }

  /** Withdraws the announcement, and stops listening. Resolves when both are done, and the server's connections closed. */
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
