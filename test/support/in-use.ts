import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/**
 * The heap in bytes once garbage is collected, and the number of handles. What is freed in a finalizer takes two rounds, and
 * garbage is not all freed at once: tests wait until little is in use.
 */
export async function inUse(): Promise<{ bytes: number; handles: number }> {
  for (let round = 0; round < 2; round++) {
    gc()
    await setImmediate()
  }
  return { bytes: process.memoryUsage().heapUsed, handles: process.getActiveResourcesInfo().length }
}
