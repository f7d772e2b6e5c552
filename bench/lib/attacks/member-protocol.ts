// The messages between the program member.ts and the benchmark that runs it: one line of JSON each.
import type { NodeSettings } from '../protocol.js'

/** How a member is made: its only argument. Other properties are passed to tcpnet() unchanged. */
export interface MemberSettings extends Omit<NodeSettings, 'firstLook' | 'services'> {
  /** The folder of the checkout whose build is loaded. */
  package: string
}

export type MemberCommand =
  /** Make a service and call listen(); answered with {@link Listening}. */
  | { do: 'listen' }
  /** Answered when the first service is connected to this peer. */
  | { do: 'meet'; peer: string }
  /** Measure from now on; answered with null. */
  | { do: 'mark' }
  /** Destroy the connection to a peer; answered with the {@link Waited} until it is connected again. */
  | { do: 'reconnect'; peer: string; unlessFrom: readonly string[]; withinMs: number }
  /** Make a service, and close it once it is connected to a peer; answered with what {@link Waited} from listen() until then. */
  | { do: 'join'; peer: string; withinMs: number }
  /** Announce false instances to the driver `memory`; answered with null. */
  | { do: 'lie'; count: number; addresses: readonly string[]; port: number }
  /** Answered with {@link Figures}. */
  | { do: 'figures' }

export interface Listening {
  uuid: string
  port: number
}

/** Milliseconds; null if it took longer than `withinMs`. */
export interface Waited {
  ms: number | null
}

/** Since the last `mark`. */
export interface Figures {
  seconds: number
  /** Connects of the host: calls of connect(2) for TCP, including failed ones. */
  connects: number
  /** Connects in the second with the most of them. */
  connectsAtMost: number
  /** Connects of the host a second, in the last quarter of the time. */
  connectsPerSecond: number
  /** The longest delay of the event loop by perf_hooks, in milliseconds, including the wait for a processor. */
  delayMs: number
  /** The longest turn of the event loop, in milliseconds of processor time. */
  turnMs: number
  /** Processor time of the process, divided by the elapsed time. */
  cores: number
  /** The same in the last quarter of the time. */
  coresAtEnd: number
  /** The largest resident memory, less that at the mark, in bytes. */
  bytes: number
  /** Connections of the first service. */
  connections: number
}
