// The part of `scripts/runtimes pairs` that this Node can run by itself.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

test('two processes of this Node connect with a secret, even with --force-context-aware, and refuse a false certificate', async () => {
  const node = process.execPath
  const program = fileURLToPath(new URL('./pairs.js', import.meta.url))
  const args = [program, `node=${node}`, `aware=${node} --force-context-aware`]
  const { stdout } = await promisify(execFile)(node, args, { timeout: 60_000 })
  assert.match(
    stdout,
    /^node: connects to 2 runtimes; accepts false certificates of X\.509 versions: none\naware: .*none\n4 pairs\n$/
  )
})
