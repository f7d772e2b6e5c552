// The command line as tests run it: on a host of the lab, and in a terminal of a given size there.
import { fileURLToPath } from 'node:url'
import type { Host, Program } from '../lab/index.js'

/** The program that the package installs. */
export const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))
/** Milliseconds for what takes a fraction of them on an idle machine. */
export const SOON_MS = 30_000

export interface CliOptions {
  readonly env?: NodeJS.ProcessEnv
}

/** Starts a command on a host. */
export function cli(host: Host, args: readonly string[], { env = {} }: CliOptions = {}): Promise<Program> {
  return host.run([process.execPath, CLI, ...args], { env: { ...process.env, ...env } })
}

/** Starts a shell command line, in which `tcpnet` is the command line. */
export function shell(host: Host, line: string, { env = {} }: CliOptions = {}): Promise<Program> {
  const script = `tcpnet() { "$NODE" "$CLI" "$@"; }; ${line}`
  return host.run(['bash', '-c', script], { env: { ...process.env, NODE: process.execPath, CLI, ...env } })
}

/** The names that avahi-browse has told, and not taken back. */
export function announced({ lines }: Program): string[] {
  const names = new Set<string>()
  for (const line of lines) {
    const [sign, , family, name = ''] = line.split(';')
    if (family !== 'IPv4') continue
    if (sign === '+') names.add(name)
    else names.delete(name)
  }
  return [...names]
}
