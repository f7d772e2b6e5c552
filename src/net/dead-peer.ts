import type { Socket } from 'node:net'
import { type Addon, addonIfLoaded, type DeadPeerOptions } from '../addon.js'
import { AlignedInterval } from '../aligned-interval.js'
import { trace } from '../trace.js'
import { descriptorOf } from './descriptor.js'

/** The shortest timeout, in milliseconds: keep-alive counts in whole seconds. */
export const SHORTEST_DEAD_PEER_TIMEOUT_MS = 2000

/** The longest timeout, in milliseconds: a day. The kernel accepts no keep-alive that begins after more than 32,767 seconds. */
export const LONGEST_DEAD_PEER_TIMEOUT_MS = 86_400_000

/** The part of the timeout between two checks of the connections. */
const LOOK_AFTER = 0.2
/** The parts of the timeout for which a peer has to be silent, and for which checks have to find an answer missing. */
const SILENT_FOR = 0.7
const OWING_FOR = 0.4

/**
 * Closes connections whose other end is silent because its host is gone, or cut off. Each service has one watch.
 *
 * The kernel closes an idle connection by keep-alive. It sends no keep-alive while there is unacknowledged data, and then waits
 * for a quarter of an hour. TCP_USER_TIMEOUT would end that wait, but it also ends connections whose other end answers with a
 * zero window because its application does not read (RFC 9293 §3.8.6.1 requires to keep those). So connections with
 * unacknowledged data are checked for missing acknowledgements (TCP_INFO).
 *
 * It also closes connections that the kernel has already closed if the application does not read them: Node does not notice
 * those. Linux only.
 */
export class DeadPeerWatch {
  readonly #timeoutMs: number
  readonly #sockets: readonly Socket[]
  /** For each socket with a missing answer, the time of the first check that found it missing. */
  readonly #owing = new WeakMap<Socket, number>()
  #interval: AlignedInterval | undefined

  /**
   * @param timeoutMs from {@link SHORTEST_DEAD_PEER_TIMEOUT_MS} to {@link LONGEST_DEAD_PEER_TIMEOUT_MS}, or 0 to leave it to the system
   * @param sockets the connections, in an array that the caller changes; after each change it calls {@link added} or {@link
   *   removed}
   */
  constructor(timeoutMs: number, sockets: readonly Socket[]) {
    this.#timeoutMs = timeoutMs
    this.#sockets = sockets
  }

  /**
   * Watches a connection from now on. Without the addon, or without a descriptor (on runtimes other than Node), it only sets
   * Node's own keep-alive, which begins after a fifth of the timeout, has intervals and a count that Node or the system
   * chooses, and closes no connection with unacknowledged data.
   */
  added(socket: Socket): void {
    if (this.#timeoutMs === 0) return
    const options = deadPeerOptions(this.#timeoutMs)
    const addon = addonIfLoaded()
    if (addon === null || !setOptions(addon, socket, options)) {
      socket.setKeepAlive(true, options.idle * 1000)
      return
    }
    this.#interval ??= new AlignedInterval(this.#timeoutMs * LOOK_AFTER, () => this.#lookAtAll(addon))
  }

  /** A connection has closed. */
  removed(): void {
    if (this.#sockets.length > 0) return
    this.#interval?.stop()
    this.#interval = undefined
  }

  #lookAtAll(addon: Addon): void {
    // A socket that is destroyed here is removed from the array in a later turn of the event loop.
    for (const socket of this.#sockets) this.#look(addon, socket)
  }

  #look(addon: Addon, socket: Socket): void {
    const descriptor = descriptorOf(socket)
    if (descriptor === null) return
    if (isUnread(socket) && addon.isClosed(descriptor)) {
      socket.destroy(closedByKernel())
      return
    }
    const silentMs = addon.silenceMs(descriptor)
    if (silentMs < this.#timeoutMs * LOOK_AFTER) {
      this.#owing.delete(socket)
      return
    }
    // On a connection with few packets the silence is long even if the latest packet was sent just now.
    const now = performance.now()
    const since = this.#owing.get(socket) ?? now
    this.#owing.set(socket, since)
    const isDead = silentMs >= this.#timeoutMs * SILENT_FOR && now - since >= this.#timeoutMs * OWING_FOR
    if (isDead) socket.destroy(silent(silentMs))
  }
}

/**
 * Keep-alive options with which the kernel closes an idle and silent connection within the timeout: probes begin after a fifth
 * of it, so that several may be lost, and the last is due one interval before its end. Below four seconds there is no such
 * margin, below three no probe may be lost.
 */
export function deadPeerOptions(timeoutMs: number): DeadPeerOptions {
  const seconds = Math.floor(timeoutMs / 1000)
  const interval = Math.max(1, Math.floor(seconds / 5))
  return {
    idle: interval,
    interval,
    count: Math.max(Math.min(seconds - 1, 2), Math.floor(seconds / interval) - 2),
    dropTime: Math.max(1, Math.round(seconds * SILENT_FOR))
  }
}

/** @returns whether the kernel accepted the options */
function setOptions(addon: Addon, socket: Socket, options: DeadPeerOptions): boolean {
  const descriptor = descriptorOf(socket)
  const errno = descriptor === null ? 'no descriptor' : addon.setDeadPeerOptions(descriptor, options)
  if (errno === 0) return true
  trace('the kernel refused the keep-alive options of a connection: %s', errno)
  return false
}

/**
 * Whether nothing reads a socket that is still open to writes. Node stops polling a socket whose unread bytes fill its buffer,
 * or are followed by the other end's FIN: then it notices a reset only at the second write after it, or never. A socket that
 * the application reads is not destroyed, because unread bytes would be lost. A socket that both sides have ended was not
 * reset.
 */
function isUnread(socket: Socket): boolean {
  return socket.readableFlowing === null && !socket.writableEnded
}

function closedByKernel(): Error {
  const message = 'read ECONNRESET: the connection was reset, or given up by the kernel, while nothing read from it'
  return Object.assign(new Error(message), { code: 'ECONNRESET', syscall: 'read' })
}

/** With the code that the kernel uses: `ETIMEDOUT`. */
function silent(ms: number): Error {
  const message = `read ETIMEDOUT: the other end has been silent for ${ms} ms, its host is gone or cut off`
  return Object.assign(new Error(message), { code: 'ETIMEDOUT', syscall: 'read' })
}
