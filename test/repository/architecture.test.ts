// docs/architecture.md names only files and folders that exist, and every folder of the source.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const root = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/architecture.md', root), 'utf8')

/** The paths below the root that the page has in code font. */
const named = [...page.matchAll(/`((?:src|native|test|bench|docs|scripts)\/[^`]*)`/g)].map(([, path = '']) => path)

function foldersOf(parent: string): string[] {
  const entries = readdirSync(new URL(parent, root), { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory() && !['vendor', 'build', 'corpus'].includes(entry.name))
  return folders.flatMap(({ name }) => [`${parent}${name}/`, ...foldersOf(`${parent}${name}/`)])
}

test('every file and folder that docs/architecture.md names exists', () => {
  assert.ok(named.length > 50)
  assert.deepEqual(
    named.filter((path) => !existsSync(new URL(path, root))),
    []
  )
})

test('docs/architecture.md names every folder of src/ and native/, and those of test/', () => {
  const tests = foldersOf('test/').filter((folder) => folder.split('/').length === 3)
  const folders = [...foldersOf('src/'), ...foldersOf('native/'), ...tests]
  assert.deepEqual(
    folders.filter((folder) => !named.includes(folder)),
    []
  )
})

test('docs/architecture.md names every file of src/mesh/', () => {
  const files = readdirSync(new URL('src/mesh/', root)).map((file) => `src/mesh/${file}`)
  assert.deepEqual(
    files.filter((file) => !named.includes(file)),
    []
  )
})

/** The imports between files of src/, with paths relative to src/. */
function importsOf(folder: string): { from: string; to: string }[] {
  const files = readdirSync(new URL(`src/${folder}`, root), { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const from = `${folder}${file}`
      const source = readFileSync(new URL(`src/${from}`, root), 'utf8')
      return [...source.matchAll(/from '(\.[^']+)'/g)].map(([, path = '']) => {
        const to = new URL(path, new URL(`src/${from}`, root)).pathname
        return { from, to: to.slice(new URL('src/', root).pathname.length) }
      })
    })
}

const NEVER: [folder: string, what: RegExp, but?: RegExp][] = [
  ['mesh/', /^(discovery\/(?!discovery\.js$)|service|settings|cli\/)/],
  ['discovery/', /^(mesh|security|cli)\/|^service/],
  ['discovery/', /^discovery\/drivers\//, /^discovery\/(drivers\/|choose-driver)/],
  ['security/', /^(mesh|discovery|cli)\/|^service/],
  ['net/', /^(mesh|discovery|security|cli)\/|^service/]
]

for (const [folder, what, but] of NEVER) {
  test(`src/${folder} imports nothing that matches ${what}`, () => {
    const imports = importsOf(folder)
    assert.ok(imports.length > 0)
    assert.deepEqual(
      imports.filter(({ from, to }) => what.test(to) && but?.test(from) !== true),
      []
    )
  })
}

test('src/ imports no package but those that are installed with tcpnet', () => {
  const folder = new URL('src/', root)
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as Record<
    'dependencies' | 'peerDependencies',
    Record<string, string>
  >
  const installed = [...Object.keys(dependencies), ...Object.keys(peerDependencies), 'tcpnet']
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.c?ts$/.test(file))
  const imported = files.flatMap((file) => {
    const source = readFileSync(new URL(file, folder), 'utf8')
    return [...source.matchAll(/(?:\bfrom |\bimport |\b(?:import|require)\()'([^.'][^']*)'/g)].map(
      ([, name = '']) => name
    )
  })
  assert.ok(imported.length > 0)
  assert.deepEqual(
    imported.filter((name) => !name.startsWith('node:') && !installed.some((one) => `${name}/`.startsWith(`${one}/`))),
    []
  )
})
