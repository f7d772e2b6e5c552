import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { invalidReturn, type TcpnetError } from './errors.js'
import type { Peer } from './mesh/peer.js'
import type { RejectInfo } from './mesh/refusals.js'

/** A connection to a peer: a `net.Socket` with the peer's uuid. */
export type PeerSocket = Socket & {
  readonly peer: {
    /** The peer's uuid: hexadecimal digits in upper case. */
    readonly uuid: string
  }
}

/** An error of the service itself or, if `peer` is set, of a dial that failed. The `error` of that peer is null. */
export type ServiceError = Error & { code?: string; peer?: Peer }

/** The events of a service, and the arguments of their listeners. */
export interface ServiceEvents {
  /** A peer is connected. What is written to the socket arrives at the peer's socket, byte for byte. */
  connection: [socket: PeerSocket]
  /**
   * The service failed, and closes: it cannot bind, there is no daemon, or the announcement was refused. With `err.peer`: a
   * dial failed and is tried again; that is emitted only if there is a listener, and closes nothing.
   */
  error: [error: ServiceError]
  /**
   * The service is bound and announced. Always emitted before the first `connection`: if a peer connects before the daemon has
   * confirmed the announcement, right before that `connection`. If the announcement fails after that, `error` and `close`
   * follow.
   */
  listening: []
  /** The service is closed, and all of its resources are released. */
  close: []
  /** An inbound connection was refused: it came from no peer, or was meant for another service. */
  rejected: [error: TcpnetError, info: RejectInfo]
  /** The daemon is back, and the service is announced again. */
  online: []
  /** The daemon went away. Connections stay; the service is announced again when it is back. */
  offline: [reason: Error]
}

/**
 * Ends waits for an event that will not be emitted: `once` of node:events waits with two one-time listeners, for the event and
 * for `error`. If there is a one-time listener for the event, the one-time listeners for `error` get the error. Other listeners
 * for `error` do not: the service has not failed.
 */
export function endWaits(emitter: EventEmitter, event: string, error: Error): void {
  if (!emitter.rawListeners(event).some(isOneTime)) return
  for (const listener of emitter.rawListeners('error')) {
    if (isOneTime(listener)) shielded(() => listener.call(emitter, error))
  }
}

/** Whether a raw listener is the wrapper that Node makes for a one-time listener. */
function isOneTime(listener: object): boolean {
  return 'listener' in listener
}

/**
 * Calls the application's listeners, and continues if they throw. What they throw becomes an uncaught exception, as with any
 * other emitter.
 */
export function shielded(callListeners: () => void): void {
  try {
    callListeners()
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}

/**
 * Calls a function of the application that returns true or false, and continues if it throws. If it throws, or returns another
 * value (a promise, too), that becomes an uncaught exception, and the result is false.
 */
export function asked(name: string, ask: () => unknown): boolean {
  let answer: unknown = false
  shielded(() => {
    answer = ask()
    if (typeof answer !== 'boolean') throw invalidReturn(name, 'true or false', answer)
  })
  return answer === true
}
