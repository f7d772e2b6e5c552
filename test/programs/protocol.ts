// The messages between the program node.ts and the tests that run it: one line of JSON each.

/** How a node is made: its only argument. */
export interface NodeSettings {
  /** The cluster. */
  name: string
  uuid?: string | undefined
  /** Default: the variable TCPNET_DRIVER. */
  driver?: string | undefined
  firstLook?: boolean | undefined
  deadPeerTimeout?: number | undefined
  port?: number | undefined
  address?: string | undefined
  /** Whether the node sets handlers for `error`, on the service and on its sockets. Default true. */
  errorHandlers?: boolean | undefined
  /**
   * Whether both ends of every connection exchange data while it lasts, and check that it is not altered. Default
   * false.
   */
  echo?: boolean | undefined
  /** How many services of these settings the process runs. Default 1. */
  services?: number | undefined
}

/**
 * One end of a connection, as its node saw it when it was made. Addresses are without scope, and IPv4-mapped ones in
 * IPv4 form.
 */
export interface End {
  /** The peer's uuid. */
  peer: string
  /** `address:port` */
  local: string
  remote: string
}

/** An event of a service. `connections` are the peers of `service.connections` at that moment. */
export type ServiceEvent =
  /** `listen()` is about to be called. */
  | { event: 'opening' }
  | { event: 'listening'; uuid: string; port: number; addresses: string[]; driver: string | null }
  | ({ event: 'connection'; connections: string[] } & End)
  /** A connection's socket closed. */
  | ({ event: 'closed'; connections: string[]; error: string | null; echoed: number } & End)
  /** A question came back altered: only with `echo`. */
  | { event: 'altered'; peer: string; expected: string; got: string }
  /** A line of text arrived. */
  | { event: 'text'; peer: string; text: string }
  | { event: 'rejected'; code: string; from: string | null; uuid: string | null }
  | { event: 'error'; code: string | null; message: string; peer: string | null }
  | { event: 'offline'; code: string | null; message: string }
  | { event: 'online' }
  /** `heldMs`: see {@link Stats}. */
  | { event: 'close'; heldMs: number }

/** An event with the number of the service in its process, and its time in milliseconds of the wall clock. */
export type NodeEvent = ServiceEvent & { service: number; at: number }

/** A request to a node. All except `stats` are for one service. */
export type Request =
  | { ask: 'listen' }
  | { ask: 'close' }
  | { ask: 'send'; peer: string; text: string }
  /** Reads no more of what comes from that peer, or reads again. */
  | { ask: 'pause' | 'resume'; peer: string }
  /** Ends the connection to that peer. */
  | { ask: 'end'; peer: string }
  /** The connection to that peer, or all. */
  | { ask: 'destroy'; peer?: string | undefined }
  | { ask: 'peers' }
  /** The driver in use. */
  | { ask: 'driver' }
  | { ask: 'stats' }

export type Command = Request & { id: number; service: number }

/** A part of the facts in `service.peers` about a peer. */
export interface PeerReport {
  uuid: string
  state: string
  announced: boolean
  host: string | null
  port: number | null
  addresses: string[]
  failures: number
  error: string | null
}

export interface Stats {
  /** Bytes of the objects and buffers of this process, after a garbage collection. */
  heapBytes: number
  rssBytes: number
  /** The kinds of the resources that keep the process alive. */
  resources: string[]
  /**
   * The longest time for which the event loop was blocked since `listen`, or since the last request, in milliseconds.
   */
  heldMs: number
  /** Processor time of the longest turn of the event loop in that time, in milliseconds. */
  workMs: number
}

export type Answer = { reply: number; value?: PeerReport[] | Stats | string | null }
