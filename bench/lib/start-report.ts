/** What it took from the start of a process to where it is. */
export interface Started {
  /** Milliseconds of the clock. */
  ms: number
  /** Milliseconds of the processors' work, the kernel's for this process included. */
  cpuMs: number
}
