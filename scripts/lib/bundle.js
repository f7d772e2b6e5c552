// Bundles src/ into dist/, in few files because each costs half a millisecond at the user's start:
//   index.js        what the package exports, from core.js
//   core.js         all modules that index.js imports: the code that every process loads
//   embedded.js, secret.js, ...   modules that the library imports with import(), because only some services use them
//   cli.js, cli-*   the command line: the library contains none of it. It takes the package from `tcpnet`, as an application does.
// All others import from core.js what it contains, so that no code is there twice: esbuild by itself would divide core.js into
// a file for each combination of users.
//   node scripts/lib/bundle.js            for development, with source maps
//   node scripts/lib/bundle.js release    for the package, without src/
import { chmod, writeFile } from 'node:fs/promises'
import { basename, relative } from 'node:path'
import { build } from 'esbuild'

const isRelease = process.argv[2] === 'release'
const root = process.cwd()
/** Where modules of core.js are imported from, until it is known under which name it exports what is imported. */
const CORE = 'core:'

const options = {
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  outdir: 'dist',
  external: ['tcpnet', '@noble/*'],
  logLevel: 'warning',
  metafile: true,
  write: false,
  ...(isRelease ? { minifySyntax: true, minifyWhitespace: true } : { sourcemap: true, sourcesContent: false })
}

/** The modules that the package loads at once, and those that it loads later; paths from the root. */
async function modules() {
  const { outputs } = (await build({ ...options, entryPoints: ['src/index.ts'], sourcemap: false })).metafile
  const core = new Set()
  const follow = (path) => {
    const { inputs, imports } = outputs[path]
    for (const input of Object.keys(inputs)) core.add(input)
    for (const one of imports) if (one.kind === 'import-statement' && !one.external) follow(one.path)
  }
  follow('dist/index.js')
  const later = Object.values(outputs).map(({ entryPoint }) => entryPoint)
  return {
    core,
    later: later.filter((path) => path !== undefined && path !== 'src/index.ts'),
    exported: outputs['dist/index.js'].exports
  }
}

/** Leaves out of a bundle what `place` finds in another file. */
const outside = (place) => ({
  name: 'outside',
  setup(bundle) {
    bundle.onResolve({ filter: /^\./ }, async ({ path, resolveDir, kind, importer, pluginData }) => {
      if (pluginData === 'resolved') return
      const found = await bundle.resolve(path, { resolveDir, kind, importer, pluginData: 'resolved' })
      const file = place(relative(root, found.path), kind)
      return file === undefined ? found : { path: file, external: true, sideEffects: false }
    })
  }
})

const { core, later, exported } = await modules()
const fileOf = (path) => basename(path).replace(/\.ts$/, '.js')
const laterFile = (path, kind) => (kind === 'dynamic-import' && later.includes(path) ? `./${fileOf(path)}` : undefined)
const fromCore = (path) => (core.has(path) ? CORE + path : undefined)

/** The statements that export from core.js, by the name under which it does. */
const exports = new Map([['', `export * from './src/index.ts'; export { default } from './src/index.ts'`]])

function nameInCore(name, module) {
  for (let unique = name, count = 2; ; unique = `${name}${count++}`) {
    const statement = `export { ${name} as ${unique} } from './${module}'`
    const known = exports.get(unique)
    if (exported.includes(unique) || (known !== undefined && known !== statement)) continue
    exports.set(unique, statement)
    return unique
  }
}

/** Has a bundle import from core.js, without a change of its number of lines. */
const linked = (text) =>
  text.replace(/\bimport(\s*\{)([^}]*)(\}\s*from\s*)"core:([^"]+)"/g, (_, open, list, close, module) => {
    const names = list.replace(/([\w$]+)(\s+as\s+[\w$]+)?/g, (_, name, as) => {
      const unique = nameInCore(name, module)
      return unique + (as ?? (unique === name ? '' : ` as ${name}`))
    })
    return `import${open}${names}${close}"./core.js"`
  })

/** In a release, how a file is changed last. */
const { shortened, inLines } = isRelease ? await import('./short-names.js') : {}

async function write({ outputFiles }, change = shortened) {
  for (const { path, text } of outputFiles) {
    const content = path.endsWith('.js') ? linked(text) : text
    if (content.includes(`"${CORE}`)) throw new Error(`${path} imports in a way that is not known here`)
    await writeFile(path, isRelease ? await change(content) : content)
  }
}

const stdin = (contents) => ({ contents, resolveDir: root, sourcefile: 'scripts/lib/bundle.js' })

await write(await build({ ...options, entryPoints: later, entryNames: '[name]', plugins: [outside(fromCore)] }))
const cli = { ...options, entryPoints: { cli: 'src/cli/main.ts' }, chunkNames: 'cli-[name]-[hash]' }
// No application debugs the command line, so a release has short names in it.
cli.minifyIdentifiers = isRelease
await write(
  await build({ ...cli, plugins: [outside((path, kind) => laterFile(path, kind) ?? fromCore(path))] }),
  inLines
)
await chmod('dist/cli.js', 0o755)
await write(
  await build({
    ...options,
    splitting: false,
    stdin: stdin([...exports.values()].join('\n')),
    entryNames: 'core',
    plugins: [outside(laterFile)]
  })
)
const names = exported.map((name) => (/^\w+$/.test(name) ? name : `'${name}'`))
await write(
  await build({
    ...options,
    splitting: false,
    stdin: stdin(`export { ${names.join(', ')} } from './core.js'`),
    entryNames: 'index',
    external: ['./core.js']
  })
)
