import { cpus, loadavg } from 'node:os'
import { Lab, leftovers } from '../../test/lab/index.js'

/** Runs a benchmark in a lab of its own; fails where the lab leaves something behind. */
export async function inLab(body: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await Lab.create()
  try {
    await body(lab)
  } finally {
    await lab.close()
  }
  const left = await leftovers(lab.id)
  if (left.length > 0) throw new Error(`the lab left something behind: ${left.join('; ')}`)
}

/** What the figures are to be judged by: the runtime, the machine's size, and who else was at work. */
export function conditions(): string {
  const load = loadavg().map((value) => value.toFixed(1))
  return `Node ${process.version}, ${cpus().length} cores, load ${load.join(' ')}`
}

/** The names of `count` hosts. */
export function hostNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `host${i + 1}`)
}

/** A comma-separated list of an argument. */
export function list(text: string): string[] {
  return text.split(',').filter((item) => item !== '')
}

/** The same of whole numbers. */
export function numbers(text: string): number[] {
  return list(text).map(Number)
}
