/** The costs from the start of a process to a point. */
export interface Started {
  /** Elapsed milliseconds. */
  ms: number
  /** Milliseconds of processor time, including the kernel's for this process. */
  cpuMs: number
}
