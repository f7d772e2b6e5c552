// The memory that 10,000 services that do not exist cost if the daemon reports all of them.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { MAX_INSTANCES } from '#tcpnet/discovery/sightings.js'
import type { Cost } from './believer.js'

const COUNT = 10_000
const MIB = 2 ** 20
const PROGRAM = fileURLToPath(new URL('believer.js', import.meta.url))

test(`${COUNT} false instances take less than 64 MiB, which are freed afterwards`, async (t) => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--expose-gc', PROGRAM, String(COUNT)], {
    timeout: 60_000
  })
  assert.equal(stderr, '')
  const { before, known, during, after } = JSON.parse(stdout) as Cost
  const show = ({ bytes, rss }: Cost['before']) => `${(bytes / MIB).toFixed(1)} MiB (RSS ${(rss / MIB).toFixed(1)})`
  t.diagnostic(`${show(before)}, then ${show(during)}, then ${show(after)}`)
  assert.equal(known, MAX_INSTANCES)
  assert.ok(during.bytes - before.bytes < 64 * MIB, `${during.bytes - before.bytes} bytes more`)
  assert.ok(after.bytes - before.bytes < 4 * MIB, `${after.bytes - before.bytes} bytes are left`)
})
