// The messages between the program node.ts and the benchmarks that run it: one line of JSON each.

/** How a node is made: its only argument. Other properties are passed to tcpnet() unchanged. */
export interface NodeSettings {
  name: string
  driver?: string
  firstLook?: boolean
  secret?: string
  /** A key in place of a passphrase, in hexadecimal. */
  secretKey?: string
  /** In PEM. */
  tls?: { key: string; cert: string; ca: string }
  /** How many services the process runs. Default 1. */
  services?: number
  /** Whether the services are made in the turn in which they listen. Default: when the process starts. */
  madeAtOnce?: boolean
}

export type Command =
  /**
   * Call listen() at a time of the wall clock, in milliseconds, or at once; answered when each service has `peers`
   * peers.
   */
  | { do: 'listen'; peers: number; at?: number; timeline?: boolean }
  /** Answered when each service has exactly `peers` connections, and knows exactly `peers` peers. */
  | { do: 'settle'; peers: number }
  | { do: 'usage' }
  /** Answered when every service is closed. The process ends then. */
  | { do: 'close' }

/** The figures of all services of a node together. */
export interface Joined {
  /** Milliseconds from `listen()` to the last connection. */
  joinedMs: number
  /** Milliseconds from `listen()` to the last `listening`; null if that came later than the last connection. */
  listeningMs: number | null
  /** Milliseconds of processor time of this process meanwhile. */
  cpuMs: number
  /** Dials that failed and were reported. */
  dialErrors: number
  /** Connections beyond one for each peer. */
  repeated: number
  /** Each change of state with the milliseconds since `listen()`, if `timeline` was set. */
  timeline: string[]
}

export interface Usage {
  /** Milliseconds of processor time since the process began. */
  cpuMs: number
  rssBytes: number
  /** Bytes after a garbage collection. */
  heapBytes: number
}

export type Answer = Joined | Usage | null
