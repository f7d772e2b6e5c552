import { readdir, readFile } from 'node:fs/promises'
import { MARK } from './site.js'

/** What a lab left on the machine: its processes, and mounts outside of its own namespaces. Should be empty. */
export async function leftovers(labId: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(pids.map((pid) => leftProcess(pid, labId)))
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(labId))
  return [...found.filter((line) => line !== ''), ...mounts.map((line) => `mount: ${line}`)]
}

async function leftProcess(pid: string, labId: string): Promise<string> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')
  const [environment, command] = await Promise.all([read('environ'), read('cmdline')])
  const isOurs = environment.split('\0').includes(`${MARK}=${labId}`)
  return isOurs ? `process ${pid}: ${command.replaceAll('\0', ' ')}` : ''
}
