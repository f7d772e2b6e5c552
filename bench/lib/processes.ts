import { readdir, readFile } from 'node:fs/promises'

/** Milliseconds that processors have worked for a process, all of its threads together; 0 where it is gone. */
export async function workMs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const stats = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0'))
  )
  return stats.reduce((sum, stat) => sum + Number.parseInt(stat, 10) / 1e6, 0)
}

/** Resident memory, in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}

/** The part of resident memory that is the process's own: what it shares with others, divided among them. In bytes. */
export async function proportionalBytes(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]) * 1024
}
