import type { Socket } from 'node:net'

/** Milliseconds between two checks of a connection: the longest time that a flood can last. */
export const LOOK_EVERY_MS = 1000
/** Encrypted bytes in that time that need not carry data: tickets, alerts, an occasional key update. */
const FREE_BYTES = 16 * 1024
/**
 * The most encrypted bytes for each byte of data. A record has 22 bytes of overhead (RFC 8446 §5.2), and may carry one byte.
 */
const PER_BYTE = 64

/** The bytes that a connection has received: encrypted, and as data for the application. */
export interface Received {
  readonly encrypted: number
  readonly plain: number
}

/** Whether the part of the received bytes that is no data is so large that it must be an attack. */
export function isFlood(before: Received, now: Received): boolean {
  const plain = now.plain - before.plain
  return now.encrypted - before.encrypted > FREE_BYTES + plain * PER_BYTE
}

/** A secured socket and its underlying TCP socket. */
export interface WatchedConnection {
  readonly secured: Pick<Socket, 'bytesRead' | 'destroyed' | 'destroy'>
  readonly raw: Pick<Socket, 'bytesRead'>
  /** Called before the connection is destroyed. */
  readonly onFlood: () => void
}

/**
 * Closes connections over which a member floods this side with TLS messages that carry no data. Each key update (RFC 8446
 * §4.6.3) makes this side derive new keys; Node neither bounds nor reports them.
 */
export class OverheadWatch {
  readonly #received = new Map<WatchedConnection, Received>()
  #timer: NodeJS.Timeout | undefined

  add(watched: WatchedConnection): void {
    this.#received.set(watched, receivedBy(watched))
    this.#timer ??= setInterval(this.#look, LOOK_EVERY_MS).unref()
  }

  readonly #look = (): void => {
    for (const [watched, before] of this.#received) {
      const now = receivedBy(watched)
      this.#received.set(watched, now)
      if (isFlood(before, now)) {
        watched.onFlood()
        watched.secured.destroy(flooded())
      }
      if (watched.secured.destroyed) this.#received.delete(watched)
    }
    if (this.#received.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

function receivedBy({ secured, raw }: WatchedConnection): Received {
  return { encrypted: raw.bytesRead, plain: secured.bytesRead }
}

/** With Node's code for too many renegotiations, the corresponding attack in older versions of TLS. */
function flooded(): Error {
  const message = 'The other side floods the connection with TLS messages that carry no data, such as key updates.'
  return Object.assign(new Error(message), { code: 'ERR_TLS_SESSION_ATTACK' })
}
