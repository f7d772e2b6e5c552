// The tests run in their own network namespace, so that none of them can send a packet on an interface of the machine.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const WRAPPER = fileURLToPath(new URL('../../../scripts/lib/private-network', import.meta.url))
const skip = process.platform === 'linux' ? false : 'other systems have no network namespaces'
const isRoot = process.geteuid?.() === 0

/** The names of the interfaces in `/proc/net/dev`, whose first two lines are a heading. */
function interfacesIn(table: string): string[] {
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => line.slice(0, line.indexOf(':')).trim())
}

/** Runs a shell command through the wrapper, as a plain user even if this process runs as root. */
async function asPlainUser(command: string): Promise<string> {
  const user = isRoot ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] : []
  // A plain user may not be able to read the folder that this file is in.
  const [program = '', ...args] = [...user, 'bash', '-c', readFileSync(WRAPPER, 'utf8'), WRAPPER, 'sh', '-c', command]
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
  const { stdout } = await promisify(execFile)(program, args, { cwd: '/', env })
  return stdout
}

describe('the private network', { skip }, () => {
  it('contains this test: the only interface is loopback', () => {
    assert.deepEqual(interfacesIn(readFileSync('/proc/self/net/dev', 'utf8')), ['lo'])
  })

  it('has only a loopback interface, which is up, for a plain user', async () => {
    assert.deepEqual(interfacesIn(await asPlainUser('cat /proc/self/net/dev')), ['lo'])
    assert.match(await asPlainUser('ip -oneline link show up'), /^1: lo: [^\n]*\n$/)
  })

  it('keeps the user id of a plain user, without capabilities', async () => {
    assert.equal((await asPlainUser('id --user')).trim(), isRoot ? '65534' : String(process.geteuid?.()))
    const sets = (await asPlainUser('grep ^Cap /proc/self/status')).trim().split('\n')
    for (const set of sets) if (!set.startsWith('CapBnd')) assert.match(set, /\t0+$/)
  })

  it('ends with the exit code of its command', async () => {
    await assert.rejects(asPlainUser('exit 7'), { code: 7 })
  })
})
