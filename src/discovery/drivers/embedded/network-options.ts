import { interfaceChanges } from '../../../net/interfaces.js'
import { PacedWork } from '../../paced-work.js'
import { type InterfaceSource, SYSTEM_INTERFACES } from '../../service-interface.js'
import { type Clock, SYSTEM_CLOCK } from './clock.js'
import { LINK_TIMES, type LinkTimes } from './link.js'
import { SOCKET_SYSTEM, type SocketSystem } from './link-socket.js'

/**
 * Milliseconds between two checks of the interfaces, which are nearly all the work of an idle service. A new or changed
 * interface is noticed at the next check.
 */
const CHECK_EVERY_MS = 4000

export interface NetworkOptions {
  readonly clock: Clock
  /** The time of day, in milliseconds: unlike `clock`, it advances while the machine is asleep. */
  readonly wallClock: () => number
  readonly interfaces: InterfaceSource
  readonly system: SocketSystem
  readonly times: LinkTimes
  /**
   * Milliseconds before sockets are opened for a new service: longer if its first look has found peers by then, which are dialed
   * first.
   */
  readonly openAfterMs: { readonly alone: number; readonly met: number }
  /**
   * Milliseconds before services on all interfaces also use the loopback interface. It can wait: only services that
   * listen on loopback alone cannot be found on another interface.
   */
  readonly loopbackAfterMs: number
  /** Paces the reading of messages. */
  readonly reading: Pick<PacedWork, 'do'>
}

/** The defaults; tests set other values. */
export function networkOptions(): NetworkOptions {
  return {
    clock: SYSTEM_CLOCK,
    wallClock: Date.now,
    interfaces: { ...SYSTEM_INTERFACES, everyMs: CHECK_EVERY_MS, changes: interfaceChanges },
    system: SOCKET_SYSTEM,
    times: LINK_TIMES,
    openAfterMs: { alone: 15, met: 40 },
    loopbackAfterMs: 1000,
    reading: new PacedWork({ msPerTurn: 3, maxWaiting: 1024 })
  }
}
