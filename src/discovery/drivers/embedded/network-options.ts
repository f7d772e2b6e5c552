import { interfaceChanges } from '../../../net/interfaces.js'
import { PacedWork } from '../../paced-work.js'
import { type InterfaceSource, SYSTEM_INTERFACES } from '../../service-interface.js'
import { type Clock, SYSTEM_CLOCK } from './clock.js'
import { LINK_TIMES, type LinkTimes } from './link.js'
import { SOCKET_SYSTEM, type SocketSystem } from './link-socket.js'

/**
 * Milliseconds between two looks at the interfaces: nearly all the work of an idle service. One that comes or changes is used
 * so much later.
 */
const CHECK_EVERY_MS = 4000

export interface NetworkOptions {
  readonly clock: Clock
  /** The time of day, in milliseconds: it goes on while the machine is asleep, which the other clock does not. */
  readonly wallClock: () => number
  readonly interfaces: InterfaceSource
  readonly system: SocketSystem
  readonly times: LinkTimes
  /**
   * Milliseconds before sockets are opened for a service that has come: its first look goes ahead, and those that it finds are
   * dialed meanwhile.
   */
  readonly openAfterMs: number
  /**
   * Milliseconds before the loopback interface is used beside others by services that are on all: only those on it alone are
   * not met elsewhere.
   */
  readonly loopbackAfterMs: number
  /** Where messages wait to be read. */
  readonly reading: Pick<PacedWork, 'do'>
}

/** The options where a test sets no others. */
export function networkOptions(): NetworkOptions {
  return {
    clock: SYSTEM_CLOCK,
    wallClock: Date.now,
    interfaces: { ...SYSTEM_INTERFACES, everyMs: CHECK_EVERY_MS, changes: interfaceChanges },
    system: SOCKET_SYSTEM,
    times: LINK_TIMES,
    openAfterMs: 40,
    loopbackAfterMs: 1000,
    reading: new PacedWork({ msPerTurn: 3, maxWaiting: 1024 })
  }
}
