// The tests run in a network of their own, so that none of them can send a packet on an interface of the machine.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const WRAPPER = fileURLToPath(new URL('../../../scripts/lib/private-network', import.meta.url))
const skip = process.platform === 'linux' ? false : 'other systems have no network namespaces'
const isRoot = process.geteuid?.() === 0

/** The names of the interfaces in `/proc/net/dev`, two lines of which are a heading. */
function interfacesIn(table: string): string[] {
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => line.slice(0, line.indexOf(':')).trim())
}

/** Runs a shell command through the wrapper, as a plain user also where this process is root's. */
async function asPlainUser(command: string): Promise<string> {
  const user = isRoot ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] : []
  // A plain user may not be able to read the folder that this file is in.
  const [program = '', ...args] = [...user, 'bash', '-c', readFileSync(WRAPPER, 'utf8'), WRAPPER, 'sh', '-c', command]
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
  const { stdout } = await promisify(execFile)(program, args, { cwd: '/', env })
  return stdout
}

describe('the private network', { skip }, () => {
  it('is where this test runs: the only interface is loopback', () => {
    assert.deepEqual(interfacesIn(readFileSync('/proc/self/net/dev', 'utf8')), ['lo'])
  })

  it('has a loopback interface, which is up, and nothing else, for a plain user', async () => {
    assert.deepEqual(interfacesIn(await asPlainUser('cat /proc/self/net/dev')), ['lo'])
    assert.match(await asPlainUser('ip -oneline link show up'), /^1: lo: [^\n]*\n$/)
  })

  it('leaves a plain user the user id, and no capability', async () => {
    assert.equal((await asPlainUser('id --user')).trim(), isRoot ? '65534' : String(process.geteuid?.()))
    const sets = (await asPlainUser('grep ^Cap /proc/self/status')).trim().split('\n')
    for (const set of sets) if (!set.startsWith('CapBnd')) assert.match(set, /\t0+$/)
  })

  it('ends with the exit code of its command', async () => {
    await assert.rejects(asPlainUser('exit 7'), { code: 7 })
  })
})
