import type { NodeSettings } from './protocol.js'

export interface StreamPlan {
  /** Bytes of one transfer. */
  bytes: number
  /** The settings of a service on each end, for each kind of connection. */
  services: Record<string, Omit<NodeSettings, 'name'>>
}

export type StreamCommand =
  /** Make a bare connection to a port of the host at which the connection of the kind `like` ends. */
  | { do: 'dial'; kind: string; like: string; port: number }
  /** Transfer `bytes` through a connection; answered with the milliseconds that it took. */
  | { do: 'send'; kind: string }
