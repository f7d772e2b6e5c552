// Replaces the declarations in a folder, one file for each module, by one index.d.ts with what users of the package can reach
// from its exports. It stays beside index.d.cts, which imports it.
//   node scripts/lib/declarations.js dist
import { readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const [, , folder] = process.argv
const modules = new Map()
/** By name, the declarations that are kept: names are unique in src/ (test/repository/names.test.ts). */
const kept = new Map()
/** The kept imports of modules that are not ours: by module, the names. */
const foreign = new Map()

const DECLARED = /^(?:export )?(?:declare )?(?:abstract )?(?:const|function|class|interface|type) ([\w$]+)/m
const NAMES = /^(?:import|export) (?:type )?\{([^}]*)\}(?: from '([^']+)')?;$/

const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\//g, '')

/** The statements of a file that the compiler has written: they start in the first column, with their comment. */
function statementsOf(text) {
  const statements = []
  let isComment = false
  for (const line of text.split('\n')) {
    const starts = line.startsWith('/**') || (/^(export|declare|interface|type|import)\b/.test(line) && !isComment)
    if (starts) statements.push([])
    isComment = line.startsWith('/**') || line.startsWith(' *')
    statements.at(-1)?.push(line)
  }
  return statements.map((lines) => lines.join('\n').trimEnd())
}

/** What a list in braces names: `{ local, name }` for `name as local`, or the other way round. */
const listed = (list) =>
  list.split(',').map((one) => {
    const [first, second] = one
      .trim()
      .replace(/^type /, '')
      .split(' as ')
    return { first, second: second ?? first }
  })

function moduleOf(path) {
  const known = modules.get(path)
  if (known !== undefined) return known
  const module = { declared: new Map(), imported: new Map(), exported: [] }
  modules.set(path, module)
  for (const statement of statementsOf(readFileSync(path, 'utf8'))) {
    const plain = withoutComments(statement).trim()
    const [, list, from] = NAMES.exec(plain) ?? []
    const name = DECLARED.exec(plain)?.[1]
    const target = from?.startsWith('.') ? normalize(join(dirname(path), from.replace(/\.js$/, '.d.ts'))) : from
    if (list !== undefined && plain.startsWith('import')) {
      for (const { first, second } of listed(list)) module.imported.set(second, { name: first, from: target })
    } else if (list !== undefined) {
      module.exported.push(
        ...listed(list).map((one) => ({ ...one, from: target, isType: plain.startsWith('export type') }))
      )
    } else if (name !== undefined) {
      module.declared.set(name, [...(module.declared.get(name) ?? []), statement])
      if (plain.startsWith('export'))
        module.exported.push({ first: name, second: name, isType: /^export (type|interface)/.test(plain) })
    } else if (plain.startsWith('export default ')) {
      module.exported.push({ first: plain.slice('export default '.length, -1), second: 'default' })
    } else if (!/^import '/.test(plain))
      throw new Error(`${path} has a statement of a kind that is not known here: ${plain}`)
  }
  return module
}

/** Keeps a name of a module, with all that its declaration needs. */
function keep(path, name) {
  const { declared, imported } = moduleOf(path)
  const statements = declared.get(name)
  if (statements === undefined) {
    const there = imported.get(name)
    if (there === undefined) return
    if (there.name !== name) throw new Error(`${path} imports ${there.name} with another name`)
    if (there.from.endsWith('.d.ts')) keep(there.from, name)
    else foreign.set(there.from, new Set(foreign.get(there.from)).add(name))
    return
  }
  const known = kept.get(name)
  if (known !== undefined && known !== statements) throw new Error(`two declarations have the name ${name}`)
  if (known !== undefined) return
  kept.set(name, statements)
  for (const [word] of withoutComments(statements.join('\n')).matchAll(/[\w$]+/g)) keep(path, word)
}

const index = join(folder, 'index.d.ts')
const { exported } = moduleOf(index)
for (const { first, from } of exported) keep(from ?? index, first)
const exportOf = (keyword, list) =>
  `export ${keyword}{ ${list.map(({ first, second }) => (first === second ? first : `${first} as ${second}`)).join(', ')} };`
const text = [
  ...[...foreign].map(([from, names]) => `import { ${[...names].join(', ')} } from '${from}';`),
  ...[...kept.values()]
    .flat()
    .map((statement) =>
      statement.replace(/^export (?:declare )?(?=interface|type)/m, '').replace(/^export (?=declare)/m, '')
    ),
  exportOf(
    'type ',
    exported.filter(({ isType }) => isType)
  ),
  exportOf(
    '',
    exported.filter(({ isType }) => !isType)
  )
].join('\n')

for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).reverse()) {
  const path = join(entry.parentPath, entry.name)
  if (/\.d\.ts$/.test(path)) rmSync(path)
  else if (entry.isDirectory() && readdirSync(path).length === 0) rmdirSync(path)
}
writeFileSync(index, `${text}\n`)
