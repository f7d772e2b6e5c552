// What the program node.ts and the tests that run it say to each other: one line of JSON each.

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
  /** Whether both ends of every connection talk for as long as it lasts, and see whether anything is altered. Default false. */
  echo?: boolean | undefined
  /** How many services of these settings the process runs. Default 1. */
  services?: number | undefined
}

/** One end of a connection, as its node saw it when it was made. Addresses without scope, IPv4 in its own form. */
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
  /** What came back over a connection is not what was sent: with `echo`. */
  | { event: 'altered'; peer: string; expected: string; got: string }
  /** A line of text arrived. */
  | { event: 'text'; peer: string; text: string }
  | { event: 'rejected'; code: string; from: string | null; uuid: string | null }
  | { event: 'error'; code: string | null; message: string; peer: string | null }
  | { event: 'offline'; code: string | null; message: string }
  | { event: 'online' }
  /** `heldMs`: see {@link Stats}. */
  | { event: 'close'; heldMs: number }

/** An event with what is common to all: the service's number in its process, and when, in milliseconds of the wall clock. */
export type NodeEvent = ServiceEvent & { service: number; at: number }

/** What a node can be asked to do. All but `stats` is for one service. */
export type Request =
  | { ask: 'listen' }
  | { ask: 'close' }
  | { ask: 'send'; peer: string; text: string }
  /** Ends the connection to that peer. */
  | { ask: 'end'; peer: string }
  /** The connection to that peer, or all. */
  | { ask: 'destroy'; peer?: string | undefined }
  | { ask: 'peers' }
  /** The driver in use. */
  | { ask: 'driver' }
  | { ask: 'stats' }

export type Command = Request & { id: number; service: number }

/** A part of what `service.peers` says of a peer. */
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
  /** After a collection of garbage: bytes that this process's objects and buffers take. */
  heapBytes: number
  rssBytes: number
  /** What keeps the process alive, by kind. */
  resources: string[]
  /** How long the event loop was held at most since `listen`, or since this was last asked, in milliseconds. */
  heldMs: number
  /** Processor time of the longest turn of the event loop in that time, in milliseconds. */
  workMs: number
}

export type Answer = { reply: number; value?: PeerReport[] | Stats | string | null }
