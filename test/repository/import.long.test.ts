// Which modules the import of the package loads, and which are loaded only by services that use them: each module costs
// time and memory at each start of a process.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { runProgram } from '../support/child.js'

/** The modules and libraries that a process has loaded, and the resources that it has. */
interface Loaded {
  /** Node's own modules. */
  readonly builtins: readonly string[]
  /** The URLs of all files with JavaScript. */
  readonly files: readonly string[]
  /** Shared libraries and addons. */
  readonly libraries: readonly string[]
  /** The resources that keep the event loop alive. */
  readonly resources: readonly string[]
  /** Empty on systems without /proc. */
  readonly threads: readonly string[]
}

/** Uses the debugger, which gets an event for every script. */
const REPORT = `
  import { existsSync, readdirSync } from 'node:fs'
  import { Session } from 'node:inspector'
  const files = []
  const session = new Session()
  session.connect()
  session.on('Debugger.scriptParsed', ({ params: { url } }) => { if (url.startsWith('file:')) files.push(url) })
  session.post('Debugger.enable')
  const { sharedObjects } = process.report.getReport()
  process.stdout.write(JSON.stringify({
    builtins: process.moduleLoadList.filter((one) => one.startsWith('NativeModule ')).map((one) => one.slice(13)),
    files,
    libraries: sharedObjects,
    resources: process.getActiveResourcesInfo(),
    threads: existsSync('/proc/self/task') ? readdirSync('/proc/self/task') : []
  }))
  process.exit()
`

async function loadedBy(program: string, env: NodeJS.ProcessEnv = {}): Promise<Loaded> {
  const { code, stdout, stderr } = await runProgram(program + REPORT, env)
  assert.deepEqual({ code, stderr: stderr.replace(/^.*ExperimentalWarning.*\n.*\n/m, '') }, { code: 0, stderr: '' })
  return JSON.parse(stdout) as Loaded
}

/** The files of src/ that are in the files of the bundle that a process has loaded. */
function sourcesOf({ files }: Loaded): string[] {
  const bundle = files.filter((url) => /\/dist\/[^/]*\.js$/.test(url))
  const maps = bundle.map((url) => JSON.parse(readFileSync(new URL(`${url}.map`), 'utf8')) as { sources: string[] })
  return maps.flatMap(({ sources }) => sources.map((source) => source.replace(/^.*\bsrc\//, '')))
}

const LISTEN = (settings: string) => `
  import { tcpnet } from 'tcpnet'
  await new Promise((resolve) => tcpnet({ name: 'x', ${settings} }).on('error', resolve).listen(0, '127.0.0.1', resolve))
`

const LATER = [
  'security/secret.ts',
  'security/mutual-tls.ts',
  'security/tls.ts',
  'discovery/drivers/embedded/embedded.ts',
  'discovery/drivers/mdns/mdns.ts'
]
const BUILTINS_LATER = ['tls', '_tls_wrap', 'crypto', 'worker_threads', 'fs/promises', 'dns']

// Compared with loading an empty module in the same way: Node's loader of ES modules reads files on its own threads.
for (const [way, program, nothing] of [
  ['import', "import 'tcpnet'", "import '#tcpnet/mesh/backoff.js'"],
  ['require()', "process.getBuiltinModule('node:module').createRequire(import.meta.url)('tcpnet')", '']
] as const) {
  describe(`${way} of the package`, () => {
    it('loads no code of security, of the drivers embedded and mdns, of node:tls, of node:crypto and of node:dns', async () => {
      const [bare, loaded] = await Promise.all([loadedBy(''), loadedBy(`${program}\n`)])
      const sources = sourcesOf(loaded)
      assert.ok(sources.includes('service.ts'), 'the bundle is loaded')
      assert.deepEqual(
        LATER.filter((source) => sources.includes(source)),
        []
      )
      assert.deepEqual(
        BUILTINS_LATER.filter((name) => loaded.builtins.includes(name) && !bare.builtins.includes(name)),
        []
      )
    })

    it('loads no file of another package except node-gyp-build', async () => {
      const { files } = await loadedBy(`${program}\n`)
      const packages = files.flatMap((url) => /\/node_modules\/([^/]+)/.exec(url)?.[1] ?? [])
      assert.deepEqual(new Set(packages), new Set(['node-gyp-build']))
    })

    it('loads the addon, and starts no thread, no timer and nothing else', async () => {
      const [bare, loaded] = await Promise.all([loadedBy(`${nothing}\n`), loadedBy(`${program}\n`)])
      assert.equal(loaded.libraries.filter((path) => /tcpnet[^/]*\.node$/.test(path)).length, 1)
      // Requests of the loader, such as closing a file, end by themselves.
      const lasting = loaded.resources.filter((type) => !type.includes('Req') && !bare.resources.includes(type))
      assert.deepEqual(lasting, [])
      assert.equal(loaded.threads.length, bare.threads.length)
    })
  })
}

describe('modules that services load', () => {
  it('a service without security loads neither TLS nor the code of src/security', async () => {
    const loaded = await loadedBy(LISTEN("driver: 'memory'"))
    assert.ok(!loaded.builtins.includes('tls') && !sourcesOf(loaded).includes('security/tls.ts'))
  })

  it('a service with a secret loads TLS and the code for secrets', async () => {
    const loaded = await loadedBy(LISTEN("driver: 'memory', secret: Buffer.alloc(32)"))
    assert.ok(loaded.builtins.includes('tls') && sourcesOf(loaded).includes('security/tls.ts'))
  })

  it('a service loads the code of the driver embedded before it listens if that will be used: by name, or without D-Bus', async () => {
    const loads = async (driver: string, bus: string) => {
      const program = `
        import { tcpnet } from 'tcpnet'
        tcpnet({ name: 'x', driver: '${driver}' })
        await new Promise((resolve) => setTimeout(resolve, 100))
      `
      const loaded = await loadedBy(program, { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${bus}` })
      return sourcesOf(loaded).includes('discovery/drivers/embedded/embedded.ts')
    }
    const [none, some] = ['/nowhere', process.execPath]
    assert.deepEqual(
      await Promise.all([loads('embedded', some), loads('auto', none), loads('auto', some), loads('avahi', none)]),
      [true, true, false, false]
    )
  })

  it('a service with the driver mdns loads its code', async () => {
    assert.ok(sourcesOf(await loadedBy(LISTEN("driver: 'mdns'"))).includes('discovery/drivers/mdns/mdns.ts'))
  })
})

it('a stack trace shows the files and lines of src/', async () => {
  const program = `
    import { tcpnet } from 'tcpnet'
    try { tcpnet({ name: 'x', unknown: 1 }) } catch (error) { console.log(error.stack) }
  `
  const { stdout } = await runProgram(program, { NODE_OPTIONS: '--enable-source-maps' })
  const [, path, line] = /checkKnown \((.*\/src\/settings\.ts):(\d+):\d+\)/.exec(stdout) ?? assert.fail(stdout)
  const text = readFileSync(String(path).replace(/^file:\/\//, ''), 'utf8').split('\n')[Number(line) - 1]
  assert.match(text ?? '', /throw invalidValue\(/)
})
