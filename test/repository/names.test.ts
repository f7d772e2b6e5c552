// The names of test files say what they need: `*.lab.test.ts` needs a laboratory, `*.long.test.ts` takes seconds of
// processor time. All others are the inner loop, `npm run test:fast`.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { it } from 'node:test'

const HERE = new URL('../', import.meta.url)
const LAB = new URL('lab/lab.js', HERE).href

/** The modules of this folder that a module imports, and those that they import. */
function importsOf(module: string, known = new Set<string>()): Set<string> {
  if (known.has(module)) return known
  known.add(module)
  const source = readFileSync(new URL(module), 'utf8')
  for (const [, path = ''] of source.matchAll(/^(?:import|export)\b[^'\n]*'(\.[^'\n]+)';?$/gm)) {
    importsOf(new URL(path, module).href, known)
  }
  return known
}

it('a test file is named *.lab.test.ts if and only if it uses the laboratory', () => {
  const files = readdirSync(HERE, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.js'))
  const named = files.filter((name) => name.endsWith('.lab.test.js'))
  const using = files.filter((name) => importsOf(new URL(name, HERE).href).has(LAB))
  assert.ok(named.length > 10 && files.length > named.length)
  assert.deepEqual(using.sort(), named.sort())
})
