import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ERROR_CODES } from '#tcpnet/errors.js'
import { DRIVERS, SETTINGS } from '#tcpnet/settings.js'

const root = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** The rows of Markdown tables, as the text of their first cells, without backticks. */
function rows(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(' | ')
        .map((cell) => cell.trim().replaceAll('`', ''))
    )
}

function section(markdown: string, name: string): string {
  const parts = markdown.split(new RegExp(`<!-- /?${name} -->`))
  assert.equal(parts.length, 3, `the README has one section "${name}"`)
  return parts[1] ?? ''
}

test('docs/errors.md lists every error code, with the words of the code', () => {
  const documented = rows(read('docs/errors.md')).map(([code, when]) => [code, when])
  assert.deepEqual(Object.fromEntries(documented), { ...ERROR_CODES })
  assert.equal(documented.length, Object.keys(ERROR_CODES).length)
})

test('every error code is used in src/, and none that is not listed', () => {
  const files = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' })
  const code = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => read(`src/${file}`))
    .join('\n')
  const used = new Set([...code.matchAll(/'(ERR_TCPNET_[A-Z_]+)'/g)].map(([, name]) => name))
  assert.deepEqual([...used].sort(), Object.keys(ERROR_CODES).sort())
})

test('require() has the types that import has', () => {
  const named = (source: string, list: RegExp): string[] =>
    [...source.matchAll(list)].flatMap(([, names = '']) => names.split(',').map((name) => name.trim())).sort()
  const imported = read('src/index.d.cts')
  const types = named(read('src/index.ts'), /^export (?:type )?\{ ([^'}]*) \}(?: from .*)?$/gm)
  assert.ok(types.includes('Service') && types.includes('StateChange'), 'the exports were found')
  assert.deepEqual(named(imported, /^ {2}export type ([A-Za-z]+) = /gm), types)
})

test('the README lists every setting', () => {
  assert.deepEqual(
    rows(section(read('README.md'), 'settings')).map(([name]) => name),
    [...SETTINGS]
  )
})

test('the README lists every driver', () => {
  assert.deepEqual(
    rows(section(read('README.md'), 'drivers')).map(([name]) => name),
    [...DRIVERS]
  )
})

test('the README tells of every property and method of a service', () => {
  const members = [...read('src/service.ts').matchAll(/^ {2}(?:get )?([a-zA-Z]+)\(.*\{$/gm)].map(([, name]) => name)
  const own = new Set(members.filter((name) => name !== 'constructor'))
  assert.ok(own.has('driver') && own.has('listen') && own.has('peers'), 'the members were found')
  const told = [...read('README.md').matchAll(/^#### .*$/gm)].join('\n')
  assert.deepEqual(
    [...own].filter((name) => !told.includes(`service.${name}`)),
    []
  )
})

test('the README lists every event', () => {
  const [, body = ''] = read('src/events.ts').match(/interface ServiceEvents \{(.*?)\n\}/s) ?? []
  const events = [...body.matchAll(/^ {2}([a-z]+): \[/gm)].map(([, name]) => name)
  assert.ok(events.length > 0, 'the interface was found')
  assert.deepEqual(
    rows(section(read('README.md'), 'events')).map(([name]) => name),
    events
  )
})

test('the README shows examples/demo.js as it is', () => {
  assert.ok(read('README.md').includes(`\`\`\`js\n${read('examples/demo.js')}\`\`\``))
})
