/** The costs of a mesh within one process. */
export interface Crowd {
  /** Milliseconds until every pair was connected. */
  meshMs: number
  connections: number
  /** Bytes of objects and buffers for each connection, including both ends. */
  heapBytes: number
  /** Bytes of resident memory for each connection. */
  rssBytes: number
}
