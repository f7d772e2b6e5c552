import { once } from 'node:events'
import { type Service, type Settings, tcpnet } from 'tcpnet'
import { addon } from '../addon.js'
import { descriptorOf } from '../net/descriptor.js'
import { UsageError } from './arguments.js'
import type { Invocation } from './command.js'
import { secretOf } from './secret.js'
import { shownText } from './shown.js'

/** Milliseconds between two looks at what is not delivered yet. */
const LOOK_EVERY_MS = 10

/**
 * Makes the service that the arguments ask for. It does not listen yet.
 *
 * @throws {UsageError} where they are wrong
 */
export async function memberOf({ arguments: given, ending }: Invocation): Promise<Service> {
  const secret = await secretOf(given, ending)
  // Checked by tcpnet(), as all settings are.
  const driver = given.text('driver') as Settings['driver']
  const settings: Settings = { name: given.name(), uuid: given.text('uuid'), driver }
  try {
    return tcpnet(secret === undefined ? settings : { ...settings, secret })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/**
 * Has the service listen where the arguments say. Resolves when it listens, or when the command is to end; rejects with the
 * reason why it does not. Should the service fail later, that ends the command.
 */
export async function listen(service: Service, { arguments: given, errors, ending }: Invocation): Promise<void> {
  const { port, address } = { port: given.text('port'), address: given.text('address') }
  let hasListened = false
  service.once('listening', () => {
    hasListened = true
  })
  service.on('error', (error) => {
    // Dials that fail are tried again.
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
  // It rejects when the service is closed before.
  listening.catch(() => {})
  await Promise.race([listening, ending.ended])
  if (ending.code === 3) await listening
}

/** Withdraws the announcement and ends the connections. Resolves when nothing of the service is left. */
export async function close(service: Service): Promise<void> {
  await service[Symbol.asyncDispose]()
}

/**
 * Resolves when the systems of all peers have acknowledged what was written to them, or after `timeoutMs`, or when the signal
 * is aborted. Where the system does not tell: when it has taken all.
 *
 * @returns the peers that have not
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

/** Milliseconds of the round trip to a peer; null where the system does not tell. */
export function roundTripMs(socket: Service['connections'][number]): number | null {
  const descriptor = descriptorOf(socket)
  try {
    const us = descriptor === null ? 0 : addon().roundTripUs(descriptor)
    return us === 0 ? null : us / 1000
  } catch {
    return null
  }
}
