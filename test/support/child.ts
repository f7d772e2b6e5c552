import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { within } from './wait.js'

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const PATIENCE_MS = 30_000

/**
 * Runs a program, given as text, in a process of its own, in the package's folder. Fails if it does not end.
 *
 * @param env additional environment variables
 */
export async function runProgram(source: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    cwd: ROOT,
    env: { ...process.env, TCPNET_DRIVER: 'memory', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  try {
    return await within(ended, 'the program does not end by itself', PATIENCE_MS)
  } finally {
    child.kill('SIGKILL')
  }
}
