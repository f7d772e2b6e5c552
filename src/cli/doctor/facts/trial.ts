import { once } from 'node:events'
import { connect } from 'node:net'
import { type Service, type Settings, tcpnet } from 'tcpnet'
import { addon } from '../../../addon.js'
import { isLinkLocal } from '../../../net/addresses.js'
import { listInterfaces, scopeOf } from '../../../net/interfaces.js'
import type { Trial } from '../machine.js'

/** The cluster of the doctor's services: always the same, so that the network does not collect names. */
export const TRIAL_NAME = 'tcpnet-doctor'
/** Milliseconds for two services on one machine to connect. */
const MEET_MS = 2500
/** Milliseconds for a connection to an address of this machine. */
const DIAL_MS = 1000

export interface TrialOptions {
  readonly driver: string
  readonly secret: string | Buffer | undefined
}

/**
 * Two services on this machine, in a cluster of their own, that connect to each other. They stay open until they are
 * closed.
 */
export class TrialServices {
  readonly #services: readonly Service[]
  #error: Trial['error'] = null

  constructor({ driver, secret }: TrialOptions) {
    const settings: Settings = { name: TRIAL_NAME, driver: driver as Settings['driver'] }
    this.#services = [1, 2].map(() => tcpnet(secret === undefined ? settings : { ...settings, secret }))
    for (const service of this.#services) {
      service.on('connection', (socket) => socket.on('error', () => {}).resume())
      service.on('error', ({ peer, message, code = '' }) => {
        if (peer === undefined) this.#error ??= { code, message }
      })
    }
  }

  /** Starts both services, waits until they are connected, and dials the addresses of this machine. */
  async run(): Promise<Trial> {
    const addonError = addonFailure()
    await Promise.all(this.#services.map(listening))
    const [first] = this.#services
    const met = await this.#met()
    const { port = 0, addresses: bare = [] } = first?.address() ?? {}
    const addresses = bare.flatMap(scopedOwn)
    const dialed = await Promise.all(
      addresses.map(async (address) => ({ address, code: await dialedCode(address, port) }))
    )
    return {
      addonError,
      driver: this.#error === null ? (first?.driver ?? null) : null,
      error: this.#error,
      uuid: first?.uuid ?? '',
      port,
      met,
      addresses,
      undialable: dialed.filter(({ code }) => code !== 'ok')
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#services.map((service) => service[Symbol.asyncDispose]()))
  }

  async #met(): Promise<boolean> {
    const [first, second] = this.#services
    if (first === undefined || second === undefined || this.#error !== null) return false
    const isMet = () => first.connections.some(({ peer }) => peer.uuid === second.uuid)
    const end = performance.now() + MEET_MS
    while (!isMet() && performance.now() < end && first.listening)
      await Promise.race([once(first, 'connection').catch(() => {}), pause(50)])
    return isMet()
  }
}

/** Why a service with a driver cannot listen; null if it can. */
export async function listenError(driver: string): Promise<Trial['error']> {
  const service = tcpnet({ name: TRIAL_NAME, driver: driver as NonNullable<Settings['driver']> })
  let failure: Trial['error'] = null
  service.on('error', ({ peer, message, code = '' }) => {
    if (peer === undefined) failure ??= { code, message }
  })
  service.on('connection', (socket) => socket.on('error', () => {}).resume())
  await listening(service)
  await service[Symbol.asyncDispose]()
  return failure
}

/**
 * The forms in which an address is dialed: a link-local one with the scope of each interface that has it (RFC 4007 §6).
 */
function scopedOwn(address: string): string[] {
  if (!isLinkLocal(address)) return [address]
  return listInterfaces()
    .filter((entry) => entry.address === address)
    .map((entry) => `${address}%${scopeOf(entry)}`)
}

/** Resolves when a service listens, or has failed. */
function listening(service: Service): Promise<void> {
  return new Promise((resolve) => {
    service.once('listening', resolve).once('close', resolve).listen()
  })
}

function addonFailure(): string | null {
  try {
    addon()
    return null
  } catch (error) {
    return (error as Error).message
  }
}

/** The result of a connection to an address: `ok`, or the system's error code. */
export function dialedCode(address: string, port: number, timeoutMs = DIAL_MS): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const timer = setTimeout(() => end('ETIMEDOUT'), timeoutMs)
    const end = (code: string) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(code)
    }
    socket.on('connect', () => end('ok'))
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
