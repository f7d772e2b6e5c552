import { execFile } from 'node:child_process'

/** Milliseconds that a command of the system has. */
const COMMAND_MS = 3000

/** The output of a system command; null if it is not installed, fails, or takes too long. */
export function outputOf(command: string, args: readonly string[]): Promise<string | null> {
  const { PATH = '/usr/bin:/bin', ...others } = process.env
  const env = { ...others, PATH: `${PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' }
  const options = { timeout: COMMAND_MS, maxBuffer: 1 << 22, env }
  return new Promise((resolve) => {
    execFile(command, [...args], options, (error, stdout) => resolve(error === null ? stdout : null))
  })
}
