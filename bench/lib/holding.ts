/** What a process holds after so many cycles, its garbage collected. */
export interface Holding {
  cycles: number
  rssBytes: number
  /** Objects and buffers. */
  heapBytes: number
  /** What keeps the event loop alive. */
  handles: number
  descriptors: number
  threads: number
}
