import { once } from 'node:events'
import { type Service, type Settings, tcpnet } from 'tcpnet'
import { addon } from '../addon.js'
import { descriptorOf } from '../net/descriptor.js'
import { UsageError } from './arguments.js'
import type { Invocation } from './command.js'
import { secretOf } from './secret.js'
import { shownText } from './shown.js'

/** Milliseconds between two checks for unacknowledged bytes. */
const LOOK_EVERY_MS = 10

/**
 * Makes the service for the arguments. It does not listen yet.
 *
 * @throws {UsageError} if they are wrong
 */
export async function memberOf({ arguments: given, ending }: Invocation): Promise<Service> {
  const secret = await secretOf(given, ending)
  // tcpnet() checks it, as all settings.
  const driver = given.text('driver') as Settings['driver']
  const settings: Settings = { name: given.name(), uuid: given.text('uuid'), driver }
  try {
    return tcpnet(secret === undefined ? settings : { ...settings, secret })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/**
 * Lets the service listen as the arguments say. Resolves when it listens, or when the command must end; rejects if it
 * cannot listen. If the service fails later, the command ends.
 */
export async function listen(service: Service, { arguments: given, errors, ending }: Invocation): Promise<void> {
  const { port, address } = { port: given.text('port'), address: given.text('address') }
  let hasListened = false
  service.once('listening', () => {
    hasListened = true
  })
  service.on('error', (error) => {
    // Failed dials are repeated.
    if (error.peer !== undefined) return
    if (hasListened) errors.line(`tcpnet: ${shownText(error.message)}`)
    ending.end(3)
  })
  try {
    service.listen(port ?? 0, address ?? null)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  const listening = once(service, 'listening')
  // It rejects if the service is closed first.
  listening.catch(() => {})
  await Promise.race([listening, ending.ended])
  if (ending.code === 3) await listening
}

/** Withdraws the announcement and ends the connections. Resolves when the service has closed. */
export async function close(service: Service): Promise<void> {
  await service[Symbol.asyncDispose]()
}

/**
 * Resolves when all peers have acknowledged all bytes (TCP), after `timeoutMs`, or when the signal is aborted. If the
 * system does not report acknowledgements, it is enough that the system has taken all bytes.
 *
 * @returns the uuids of the peers that have not acknowledged all
 */
export async function delivered(service: Service, timeoutMs: number, signal: AbortSignal): Promise<string[]> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const owing = service.connections.filter((socket) => socket.writableLength > 0 || unacknowledged(socket) > 0)
    if (owing.length === 0 || signal.aborted || performance.now() > end) return owing.map(({ peer }) => peer.uuid)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

function unacknowledged(socket: Service['connections'][number]): number {
  const descriptor = descriptorOf(socket)
  try {
    return descriptor === null ? 0 : addon().unacknowledgedBytes(descriptor)
  } catch {
    return 0
  }
}

/** The round-trip time to a peer, in milliseconds; null if the system does not report it. */
export function roundTripMs(socket: Service['connections'][number]): number | null {
  const descriptor = descriptorOf(socket)
  try {
    const us = descriptor === null ? 0 : addon().roundTripUs(descriptor)
    return us === 0 ? null : us / 1000
  } catch {
    return null
  }
}
