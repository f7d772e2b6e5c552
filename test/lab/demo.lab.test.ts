// The demo, as `npm run demo` starts it: with a lab, and on a machine that allows none.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { skipWithoutLab, within } from './index.js'

const DEMO = [process.execPath, fileURLToPath(new URL('./demo.js', import.meta.url))]

/**
 * Makes a machine that allows no namespaces, as root of a namespace: it has only lo, and as in host.ts a /run and a
 * user avahi. Process ids are the machine's, as in /proc.
 */
const LOCKED = `
  mount -t tmpfs none /run
  sed 's/^avahi:\\([^:]*\\):[^:]*:[^:]*:/avahi:\\1:0:0:/' /etc/passwd >/run/passwd
  sed 's/^avahi:\\([^:]*\\):[^:]*:/avahi:\\1:0:/' /etc/group >/run/group
  mount --bind /run/passwd /etc/passwd
  mount --bind /run/group /etc/group
  ip link set lo up
  echo 0 >/proc/sys/user/max_net_namespaces
  exec "$@"`
const LOCKED_MACHINE = ['--user', '--map-root-user', '--net', '--mount', 'sh', '-ec', LOCKED, 'sh']

async function demo(command: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const [output, errors, code] = await within(
    Promise.all([text(child.stdout), text(child.stderr), ended]),
    'the demo goes on',
    60_000
  )
  assert.deepEqual([code, errors], [0, ''], output)
  for (const node of ['alpha', 'beta ', 'gamma']) {
    const senders = output.matchAll(new RegExp(`^${node} \\| ([0-9A-F]+) says hello`, 'gm'))
    assert.equal(new Set([...senders].map(([, uuid]) => uuid)).size, 2, `${node} heard the two others: ${output}`)
  }
  return output
}

describe('the demo', { concurrency: true, skip: skipWithoutLab }, () => {
  test('runs on three hosts of a lab', async () => {
    const output = await demo(process.execPath, DEMO.slice(1))
    assert.match(
      output,
      /\ndemo: three nodes on three hosts of a network, .* found each other and printed \d+ messages/
    )
  })

  test('runs on loopback if no lab can be made', async () => {
    const output = await demo('unshare', [...LOCKED_MACHINE, ...DEMO])
    assert.match(output, /^demo: no lab here: .*; on loopback instead\n/)
    assert.match(output, /\ndemo: three nodes on the loopback interface, found each other and printed \d+ messages/)
  })
})
