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
  assert.equal(parts.length, 3, `docs/api.md has one section "${name}"`)
  return parts[1] ?? ''
}

test('docs/errors.md lists every error code, with its description in the code', () => {
  const documented = rows(read('docs/errors.md')).map(([code, when]) => [code, when])
  assert.deepEqual(Object.fromEntries(documented), { ...ERROR_CODES })
  assert.equal(documented.length, Object.keys(ERROR_CODES).length)
})

test('src/ uses every listed error code, and no other', () => {
  const files = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' })
  const code = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => read(`src/${file}`))
    .join('\n')
  const used = new Set([...code.matchAll(/'(ERR_TCPNET_[A-Z_]+)'/g)].map(([, name]) => name))
  assert.deepEqual([...used].sort(), Object.keys(ERROR_CODES).sort())
})

test('require() has the same types as import', () => {
  const named = (source: string, list: RegExp): string[] =>
    [...source.matchAll(list)].flatMap(([, names = '']) => names.split(',').map((name) => name.trim())).sort()
  const imported = read('src/index.d.cts')
  const types = named(read('src/index.ts'), /^export (?:type )?\{ ([^'}]*) \}(?: from .*)?$/gm)
  assert.ok(types.includes('Service') && types.includes('StateChange'), 'the exports were found')
  assert.deepEqual(named(imported, /^ {2}export type ([A-Za-z]+) = /gm), types)
})

/** The names in the first column of a section. A cell with `key`, `cert` has two. */
function names(section_: string): string[] {
  return rows(section(read('docs/api.md'), section_)).flatMap(([cell = '']) =>
    cell.split(', ').map((name) => name.replace(/\(.*\)$/, ''))
  )
}

/** The members of an interface or a type in a file of src/, at its first level. */
function members(file: string, head: string): string[] {
  const [, body = assert.fail(`src/${file} has no ${head}`)] = read(`src/${file}`).split(`${head} {\n`)
  const [block = ''] = body.split('\n}')
  return [...block.matchAll(/^ {2}(?:readonly )?([A-Za-z]+)\??: /gm)].map(([, name = '']) => name)
}

/** The public members of a class in a file of dist/. */
function publicMembers(file: string): string[] {
  const found = read(`dist/${file}`).matchAll(/^ {4}(?:get )?([a-z][A-Za-z]*)\(/gm)
  return [...new Set([...found].map(([, name = '']) => name))].filter((name) => name !== 'constructor')
}

/** The names that src/index.ts exports. */
function exported(): string[] {
  const lists = [...read('src/index.ts').matchAll(/^export (?:type )?\{ ([^'}]*) \}(?: from .*)?$/gm)]
  return ['tcpnet', ...lists.flatMap(([, list = '']) => list.split(', '))]
}

/** The strings in a constant of src/ that is a list. */
function list(file: string, head: string): string[] {
  const [, body = ''] = read(`src/${file}`).split(`${head} = [`)
  return [...(body.split(']')[0] ?? '').matchAll(/'([^']+)'/g)].map(([, name = '']) => name)
}

/** Each section of docs/api.md, and the names in the code. */
const SECTIONS: [section: string, inCode: () => readonly string[]][] = [
  ['exports', exported],
  ['settings', () => SETTINGS],
  ['drivers', () => DRIVERS],
  ['tls', () => list('security/tls-settings.ts', 'const PASSED_ON')],
  ['service', () => publicMembers('service.d.ts')],
  ['listen', () => members('settings.ts', 'interface ListenOptions')],
  ['events', () => members('events.ts', 'interface ServiceEvents')],
  ['peer', () => members('mesh/peer.ts', 'interface Peer')],
  ['rejected', () => members('mesh/refusals.ts', 'interface RejectInfo')],
  ['change', () => members('trace.ts', 'interface StateChange')]
]

for (const [name, inCode] of SECTIONS) {
  test(`the section "${name}" of docs/api.md has the names of the code`, () => {
    const [documented, public_] = [names(name), inCode()]
    assert.ok(public_.length > 1, 'names were found in the code')
    assert.deepEqual(documented.toSorted(), public_.toSorted())
  })
}

test('docs/api.md names every state of a peer and of a service', () => {
  const [, states = ''] = /readonly state: ([^\n]*)/.exec(read('src/mesh/peer.ts')) ?? []
  const [, phases = ''] = /^type Phase = ([^\n]*)/m.exec(read('src/service.ts')) ?? []
  const used = [...`${states} ${phases}`.matchAll(/'([a-z]+)'/g)].map(([, state = '']) => state)
  assert.ok(used.length >= 10)
  const page = section(read('docs/api.md'), 'peer') + section(read('docs/api.md'), 'change')
  assert.deepEqual(
    used.filter((state) => !page.includes(`\`${state}\``)),
    []
  )
})

test('docs/api.md names every environment variable that the library reads', () => {
  const files = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' })
  // docs/cli.md has those of the command line.
  const code = files
    .filter((file) => file.endsWith('.ts') && !file.startsWith('cli/'))
    .map((file) => read(`src/${file}`))
  const read_ = code.flatMap((text) => [...text.matchAll(/process\.env\.([A-Z_]+)/g)].map(([, name = '']) => name))
  assert.deepEqual(names('environment').toSorted(), [...new Set([...read_, 'NODE_DEBUG'])].toSorted())
})

test('the README names only members and events of a service that exist', () => {
  const [, glance = ''] = read('README.md').split('## API at a glance')
  const [, block = ''] = glance.split('```')
  const used = [...block.matchAll(/^service\.([a-z]+)|service\.on\('([a-z]+)'/gm)].map(
    ([, member, event]) => event ?? member ?? ''
  )
  const known = [...publicMembers('service.d.ts'), ...members('events.ts', 'interface ServiceEvents'), 'on']
  assert.ok(used.length > 10)
  assert.deepEqual(
    used.filter((name) => !known.includes(name)),
    []
  )
})

test('each example has fewer than 100 lines', () => {
  const files = readdirSync(new URL('examples', root)).filter((name) => name.endsWith('.js'))
  assert.ok(files.length >= 4)
  assert.deepEqual(
    files.filter((name) => read(`examples/${name}`).split('\n').length > 100),
    []
  )
})

test('the README has fewer than 200 lines', () => {
  assert.ok(read('README.md').split('\n').length <= 200)
})

test('the README shows examples/demo.js unchanged', () => {
  assert.ok(read('README.md').includes(`\`\`\`js\n${read('examples/demo.js')}\`\`\``))
})
