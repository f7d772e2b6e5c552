// What the program node.ts and the benchmarks that run it say to each other: one line of JSON each.

/** How a node is made: its only argument. What is not listed goes to tcpnet() as it is. */
export interface NodeSettings {
  name: string
  driver?: string
  firstLook?: boolean
  secret?: string
  /** A key in place of the passphrase, in hexadecimal. */
  secretKey?: string
  /** In PEM. */
  tls?: { key: string; cert: string; ca: string }
  /** How many services the process runs. Default 1. */
  services?: number
}

export type Command =
  /** Call listen() at a time of the wall clock, in milliseconds, or at once; answered when each service has so many peers. */
  | { do: 'listen'; peers: number; at?: number; timeline?: boolean }
  /** Answered when each service has exactly so many connections, and knows of exactly so many peers. */
  | { do: 'settle'; peers: number }
  | { do: 'usage' }
  /** Answered when every service is closed. The process ends then. */
  | { do: 'close' }

/** Of a node's services together. */
export interface Joined {
  /** Milliseconds from `listen()` to the last connection. */
  joinedMs: number
  /** Milliseconds from `listen()` to the last `listening`; null where that came later than the last connection. */
  listeningMs: number | null
  /** Milliseconds that the processor was busy for this process meanwhile. */
  cpuMs: number
  /** Dials that failed and were told. */
  dialErrors: number
  /** Connections beyond one for each peer. */
  repeated: number
  /** Each change of state, with the milliseconds since `listen()`, where that was asked for. */
  timeline: string[]
}

export interface Usage {
  /** Milliseconds of processor time since the process began. */
  cpuMs: number
  rssBytes: number
  /** After a collection of garbage. */
  heapBytes: number
}

export type Answer = Joined | Usage | null
