// The types of the package, as a user's compiler sees them. scripts/check-package does the same with the packed
// tarball, other compilers and other module resolutions.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

it('the programs of test/consumer compile, and their lines with @ts-expect-error do not', () => {
  const programs = readdirSync(`${ROOT}test/consumer`).map((name) => `test/consumer/${name}`)
  assert.ok(programs.includes('test/consumer/types.mts'))
  const options = [
    '--ignoreConfig',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--target',
    'es2022',
    '--module',
    'nodenext'
  ]
  const { status, stdout } = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', ...options, '--types', 'node', '--noEmit', ...programs],
    { cwd: ROOT, encoding: 'utf8', timeout: 60_000 }
  )
  assert.deepEqual([stdout, status], ['', 0])
})
