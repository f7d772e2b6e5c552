/** What a mesh within one process took. */
export interface Crowd {
  /** Milliseconds until every pair was connected. */
  meshMs: number
  connections: number
  /** For each connection, that is for both of its ends: of objects and buffers. */
  heapBytes: number
  /** For each connection: of resident memory, all in all. */
  rssBytes: number
}
