import type { Socket } from 'node:net'
import { type Addon, addonIfLoaded, type DeadPeerOptions } from '../addon.js'
import { AlignedInterval } from '../aligned-interval.js'
import { trace } from '../trace.js'
import { descriptorOf } from './descriptor.js'

/** The shortest timeout, in milliseconds: keep-alive counts in whole seconds. */
export const SHORTEST_DEAD_PEER_TIMEOUT_MS = 2000

/** The longest timeout, in milliseconds: a day. */
export const LONGEST_DEAD_PEER_TIMEOUT_MS = 86_400_000

/** The greatest number of seconds that kernels accept for keep-alive (TCP_KEEPIDLE). */
export const LONGEST_KEEP_ALIVE_S = 32_767

const IS_LINUX = process.platform === 'linux'

/** What a watch uses of this process. Tests replace it. */
interface Parts {
  readonly addon: () => Addon | null
  readonly now: () => number
  readonly after: (ms: number, callback: () => void) => void
}

const PARTS: Parts = {
  addon: addonIfLoaded,
  now: () => performance.now(),
  after: (ms, callback) => void setTimeout(callback, ms).unref()
}

/** The part of the timeout between two looks at the connections. */
const LOOK_AFTER = 0.2
/** The part of the timeout after which keep-alive probes an idle connection: late enough that few packets are sent. */
const PROBE_AFTER = 0.4
/**
 * The part of the timeout after which an accepted connection that has received nothing is probed by this side as well: probes of the
 * other end would have come even if one was lost.
 */
const QUIET_FOR = 0.7
/**
 * The part of the timeout between two probes of a connection that is silent. Of a timeout of five seconds it is more than the
 * half second in which Linux answers only one probe (tcp_invalid_ratelimit).
 */
const ASK_AFTER = 0.11
/** A connection is closed after this part of the timeout: timers are late, but the timeout is a promise. */
const SILENT_FOR = 0.95
/** More probes than fit into the timeout: the kernel closes a connection only where this process cannot. */
const PROBES = 10

/**
 * Closes connections whose other end is silent because its host is gone, or cut off. Each service has one watch.
 *
 * Only the dialer's kernel probes an idle connection (keep-alive); the acceptor's side relies on receiving these probes. If it
 * receives nothing (the host is gone, or the dialer cannot probe because it has unacknowledged data), it switches on its own
 * keep-alive, and leaves it on: then both ends probe.
 *
 * The kernel sends no keep-alive while there is unacknowledged data, and then waits for a quarter of an hour. TCP_USER_TIMEOUT
 * would end that wait, but it also ends connections whose other end answers with a zero window because its application does not
 * read (RFC 9293 §3.8.6.1 requires to keep those). So all connections are checked for missing answers (TCP_INFO). If one is
 * missing, the connection is probed more often, so that a few lost packets do not end it, and is closed shortly before the
 * timeout.
 *
 * It also closes connections that the kernel has already closed if the application does not read them: Node does not notice
 * those. All of this on Linux only: elsewhere both sides set keep-alive, and the kernel alone closes connections.
 */
export class DeadPeerWatch {
  readonly #timeoutMs: number
  readonly #sockets: readonly Socket[]
  readonly #parts: Parts
  /** For each of the sockets; null where the system does not count segments. */
  readonly #quiet: (Quiet | null)[] = []
  /** Connections that are silent, each with a timer for its next check. */
  readonly #asked = new WeakSet<Socket>()
  #interval: AlignedInterval | undefined

  /**
   * @param timeoutMs from {@link SHORTEST_DEAD_PEER_TIMEOUT_MS} to {@link LONGEST_DEAD_PEER_TIMEOUT_MS}, or 0 to leave it to the system
   * @param sockets the connections, in an array to which the caller appends, and from which it removes; after each change it calls
   *   {@link added} or {@link removed}
   */
  constructor(timeoutMs: number, sockets: readonly Socket[], parts = PARTS) {
    this.#timeoutMs = timeoutMs
    this.#sockets = sockets
    this.#parts = parts
  }

  /** Seconds of silence after which keep-alive will probe a connection, once it is {@link added}; null if that is not certain. */
  keepAliveOf(socket: Socket): number | null {
    const isCertain = this.#timeoutMs > 0 && IS_LINUX && this.#parts.addon() !== null && descriptorOf(socket) !== null
    return isCertain ? deadPeerOptions(this.#timeoutMs).idle : null
  }

  /**
   * Watches a connection from now on. Without the addon, or without a descriptor (on runtimes other than Node), it only sets
   * Node's own keep-alive, which begins after a fifth of the timeout, has intervals and a count that Node or the system
   * chooses, and closes no connection with unacknowledged data.
   *
   * @param keepAlive seconds of silence after which the other end probes; null if it does not, or is not known to
   */
  added(socket: Socket, keepAlive: number | null = null): void {
    if (this.#timeoutMs === 0) return
    const addon = this.#parts.addon()
    const quiet = addon === null ? null : this.#quietOf(addon, socket, keepAlive)
    this.#quiet.push(quiet)
    if (addon === null || (quiet?.relies !== true && !this.#probe(addon, socket))) {
      socket.setKeepAlive(true, deadPeerOptions(this.#timeoutMs, false).idle * 1000)
      return
    }
    this.#interval ??= new AlignedInterval(this.#timeoutMs * LOOK_AFTER, () => this.look())
  }

  /** The connection at that place of the array was removed. */
  removed(at: number): void {
    this.#quiet.splice(at, 1)
    if (this.#sockets.length > 0) return
    this.#interval?.stop()
    this.#interval = undefined
  }

  #quietOf(addon: Addon, socket: Socket, keepAlive: number | null): Quiet | null {
    const descriptor = descriptorOf(socket)
    if (!IS_LINUX || descriptor === null) return null
    const relies = keepAlive !== null && keepAlive * 1000 <= this.#timeoutMs * PROBE_AFTER
    return new Quiet(relies, addon.segmentsIn(descriptor), this.#parts.now())
  }

  /**
   * Has the kernel probe the connection from now on; at once, if it is silent.
   *
   * @returns whether the kernel accepted the options
   */
  #probe(addon: Addon, socket: Socket): boolean {
    const descriptor = descriptorOf(socket)
    const errno =
      descriptor === null ? 'no descriptor' : addon.setDeadPeerOptions(descriptor, deadPeerOptions(this.#timeoutMs))
    if (errno === 0) return true
    trace('the kernel refused the keep-alive options of a connection: %s', errno)
    return false
  }

  /** Checks all connections. */
  look(): void {
    const addon = this.#parts.addon()
    if (addon === null) return
    // A socket that is destroyed here is removed from the array in a later turn of the event loop.
    for (const [at, socket] of this.#sockets.entries()) this.#look(addon, socket, this.#quiet[at] ?? null)
  }

  #look(addon: Addon, socket: Socket, quiet: Quiet | null): void {
    const descriptor = descriptorOf(socket)
    if (descriptor === null) return
    if (isUnread(socket) && addon.isClosed(descriptor)) {
      socket.destroy(closedByKernel())
      return
    }
    if (this.#asked.has(socket)) return
    const silentMs = this.#silentMs(addon, descriptor, quiet)
    const isOverdue = quiet?.relies === true && quiet.forMs >= this.#timeoutMs * QUIET_FOR
    if (isOverdue) quiet.relies = false
    if (isOverdue || silentMs > this.#timeoutMs * LOOK_AFTER) {
      this.#ask(addon, socket, quiet, this.#timeoutMs * ASK_AFTER)
    }
  }

  /** Asks a silent connection for a sign of life, unless the other end probes, and checks later whether one came. */
  #ask(addon: Addon, socket: Socket, quiet: Quiet | null, checkAfterMs: number): void {
    this.#asked.add(socket)
    if (quiet?.relies !== true) this.#probe(addon, socket)
    this.#parts.after(Math.ceil(checkAfterMs), () => this.#check(addon, socket, quiet))
  }

  #check(addon: Addon, socket: Socket, quiet: Quiet | null): void {
    this.#asked.delete(socket)
    const descriptor = descriptorOf(socket)
    if (descriptor === null) return
    const silentMs = this.#silentMs(addon, descriptor, quiet)
    // Not silent; or the kernel could not probe, because the other end takes no data, as it has said.
    if (silentMs <= this.#timeoutMs * LOOK_AFTER) return
    const leftMs = this.#timeoutMs * SILENT_FOR - silentMs
    if (leftMs > 0) this.#ask(addon, socket, quiet, Math.min(leftMs, this.#timeoutMs * ASK_AFTER))
    else socket.destroy(silent(silentMs))
  }

  /** Milliseconds for which an answer has been missing and nothing was received, at most; 0 if no answer is missing. */
  #silentMs(addon: Addon, descriptor: number, quiet: Quiet | null): number {
    const silentMs = addon.silenceMs(descriptor)
    if (quiet === null) return silentMs
    quiet.lookAt(addon.segmentsIn(descriptor), this.#parts.now(), this.#timeoutMs * LOOK_AFTER)
    return Math.min(silentMs, quiet.forMs)
  }
}

/**
 * For how long a connection has received nothing. Probes of the other end do not count as acknowledgements: only the number of
 * received segments shows them.
 */
class Quiet {
  /** Whether this side relies on probes of the other end; if not, it probes itself. */
  relies: boolean
  #segments: number
  #since: number
  #lookedAt: number

  constructor(relies: boolean, segments: number, now: number) {
    this.relies = relies
    this.#segments = segments
    this.#since = Math.round(now)
    this.#lookedAt = this.#since
  }

  /**
   * To be called regularly, with the number of segments received so far.
   *
   * @param everyMs the time between two calls, as a rule: more has passed if the process was stopped
   */
  lookAt(segments: number, now: number, everyMs: number): void {
    const at = Math.round(now)
    if (segments !== this.#segments) {
      this.#segments = segments
      this.#since = Math.max(this.#lookedAt, at - Math.round(everyMs))
    }
    this.#lookedAt = at
  }

  /** Milliseconds without a segment at the last look, at most: it may have come right after the look before. */
  get forMs(): number {
    return this.#lookedAt - this.#since
  }
}

/**
 * Keep-alive options for a timeout. On Linux, probes begin after two fifths of it, and this process closes a silent connection
 * before the kernel does. Elsewhere the kernel closes an idle and silent connection within the timeout: probes begin after a fifth
 * of it, so that several may be lost, and the last is due one interval before its end. Below four seconds there is no such
 * margin, below three no probe may be lost.
 */
export function deadPeerOptions(timeoutMs: number, isLinux = IS_LINUX): DeadPeerOptions {
  const seconds = Math.floor(timeoutMs / 1000)
  const interval = Math.max(1, Math.floor(seconds / 5))
  const dropTime = Math.max(1, Math.round(seconds * 0.7))
  if (isLinux) {
    const idle = Math.min(Math.max(1, Math.floor(seconds * PROBE_AFTER)), LONGEST_KEEP_ALIVE_S)
    return { idle, interval, count: PROBES, dropTime }
  }
  const count = Math.max(Math.min(seconds - 1, 2), Math.floor(seconds / interval) - 2)
  return { idle: interval, interval, count, dropTime }
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
