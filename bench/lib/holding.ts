/** The resources of a process after a number of cycles and a garbage collection. */
export interface Holding {
  cycles: number
  rssBytes: number
  /** Bytes of objects and buffers. */
  heapBytes: number
  /** The number of handles that keep the event loop alive. */
  handles: number
  descriptors: number
  threads: number
}
