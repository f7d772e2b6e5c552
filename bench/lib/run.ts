import { cpus, loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

/** The conditions of a measurement: the runtime, the number of cores, and the load. */
export function conditions(): string {
  const load = loadavg().map((value) => value.toFixed(1))
  return `Node ${process.version}, ${cpus().length} cores, load ${load.join(' ')}`
}

/** The names of `count` hosts. */
export function hostNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `host${i + 1}`)
}

/** Milliseconds between two checks of the machine, and the longest wait. */
const LOOK_EVERY_MS = 100
const QUIET_WITHIN_MS = 15_000
/** The idle share of processor time from which on the machine counts as idle. */
const QUIET_SHARE = 0.7

/**
 * Waits until the machine is idle, which a measurement of milliseconds needs. Resolves with false if it does not become
 * idle in time.
 */
export async function quiet(withinMs = QUIET_WITHIN_MS): Promise<boolean> {
  const end = performance.now() + withinMs
  for (let before = processorTimes(); performance.now() < end; ) {
    await delay(LOOK_EVERY_MS)
    const now = processorTimes()
    if (now.idle - before.idle >= QUIET_SHARE * (now.all - before.all)) return true
    before = now
  }
  return false
}

function processorTimes(): { idle: number; all: number } {
  const times = cpus().map(({ times }) => times)
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
  return { idle: sum(times.map(({ idle }) => idle)), all: sum(times.flatMap((one) => Object.values(one))) }
}
