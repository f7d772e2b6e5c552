// The output of scripts and benchmarks with --help, and with unknown arguments.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

function filesIn(folder: string): string[] {
  const entries = readdirSync(`${ROOT}/${folder}`, { withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}

const commands = [
  ...filesIn('scripts').map((name) => [`scripts/${name}`]),
  ...filesIn('bench').map((name) => [process.execPath, `out/bench/${name.replace(/\.ts$/, '.js')}`]),
  [process.execPath, 'out/test/chaos/main.js']
]

function run([program = '', ...args]: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: ROOT, timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr })
    })
  })
}

for (const command of commands) {
  const name = command.at(-1) ?? ''
  describe(name, { concurrency: true }, () => {
    it('prints its usage with --help', async () => {
      const { code, stdout, stderr } = await run([...command, '--help'])
      assert.deepEqual([code, stderr], [0, ''])
      const [, firstLine] = readFileSync(`${ROOT}/${name}`, 'utf8').match(/^(?:#!.*\n)?(?:#|\/\/) (.*)\n/) ?? []
      assert.equal(stdout.split('\n')[0], firstLine)
      assert.doesNotMatch(stdout, /^(set -|import|#|\/\/)/m)
    })

    it('refuses an unknown option with one sentence', async () => {
      const { code, stdout, stderr } = await run([...command, '--no-such-option'])
      assert.equal(code, 2, stderr)
      assert.match(stderr, /^.*--no-such-option.*\n$/)
      assert.equal(stdout, '')
    })
  })
}

it('the test files that scripts and the README name exist', () => {
  for (const name of ['README.md', ...filesIn('scripts').map((script) => `scripts/${script}`)]) {
    for (const [path] of readFileSync(`${ROOT}/${name}`, 'utf8').matchAll(/\btest\/[\w/.-]+\.ts\b/g)) {
      assert.ok(existsSync(`${ROOT}/${path}`), `${name} names ${path}`)
    }
  }
})
