import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, resolve } from 'node:path'
import type { Host } from '../lab/host.js'
import type { Program } from '../lab/program.js'
import { within } from './wait.js'

/** Milliseconds within which a program has to print its expected lines: a test runner takes seconds to start. */
const SHOWN_MS = 60_000

/** The pages whose blocks of JavaScript are run. */
export const PAGES_WITH_BLOCKS = ['README.md', 'docs/api.md', 'docs/recipes.md', 'docs/migrating.md'] as const

/** How a block is run, as the comment above it says: `<!-- run: {...} -->`. */
interface Run {
  /** The arguments of each copy. Default: two without any. */
  readonly copies?: readonly (readonly string[])[]
  /** The whole command; the file is not appended. Default: node with the file and the copy's arguments. */
  readonly command?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Lines that each copy prints on standard output, as regular expressions. */
  readonly each?: readonly string[]
  /** Lines that each copy prints on standard error. */
  readonly errors?: readonly string[]
  /** Lines that one of the copies prints. */
  readonly some?: readonly string[]
  /** After those lines the first copy gets this signal, and has to end with code 0. */
  readonly kill?: NodeJS.Signals
  /** After those lines the first copy is frozen (SIGSTOP). */
  readonly freeze?: boolean
  /** The line that the other copies print after that, as a regular expression. */
  readonly then?: string
  /** Whether the copies have to end by themselves, with code 0. */
  readonly exits?: boolean
}

/** A block of JavaScript in a page. */
export interface Block {
  /** The first line of the block: `// lines.js: ...` */
  readonly file: string
  readonly code: string
  readonly run: Run
  /** The packages that it imports, other than tcpnet. */
  readonly packages: readonly string[]
}

/** The blocks of a page. Fails if a block has no comment that says how it is run, or no file name. */
export function blocksOf(markdown: string): Block[] {
  const blocks = [...markdown.matchAll(/(?:<!-- run: (.*) -->\n\n)?```js\n([\s\S]*?)```/g)]
  return blocks.map(([, run, code = '']) => {
    assert.ok(run !== undefined, `this block is not run:\n${code}`)
    const settings = JSON.parse(run) as Run & { file?: string }
    const file = settings.file ?? /^\/\/ ([\w.-]+)/.exec(code)?.[1]
    assert.ok(file !== undefined, `this block has no file name:\n${code}`)
    return { file, code, run: settings, packages: packagesOf(code) }
  })
}

function packagesOf(code: string): string[] {
  const names = [...code.matchAll(/^import .*?'([^'.][^']*)'$/gm)].map(([, name = '']) => name)
  return names.filter((name) => !name.startsWith('node:') && !builtinModules.includes(name) && name !== 'tcpnet')
}

/** Runs a block on a host of a lab, in a folder of its own below a project in which its packages are installed. */
export async function runBlock(host: Host, project: string, block: Block): Promise<void> {
  const { run, file, code } = block
  const folder = resolve(project, file.replace(/\.m?js$/, ''))
  mkdirSync(folder, { recursive: true })
  if (file.endsWith('.js')) writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  writeFileSync(join(folder, file), code)
  const env = {
    PATH: `${join(resolve(project), 'node_modules/.bin')}:${process.env.PATH}`,
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
    ...run.env
  }
  const start = (args: readonly string[]) =>
    host.run(run.command ?? [process.execPath, file, ...args], { cwd: folder, env })
  const programs = await Promise.all((run.copies ?? [[], []]).map(start))
  try {
    await printed(file, programs, run)
    await disturbed(programs, run)
    if (run.exits !== true) return
    for (const program of programs) {
      const exit = await within(program.exit, `${file} does not end`, SHOWN_MS)
      assert.deepEqual(exit, { code: 0, signal: null }, program.stderr)
    }
  } finally {
    if (run.freeze === true) await programs[0]?.thaw()
    await Promise.all(programs.filter(({ running }) => running).map((program) => program.kill()))
  }
}

async function printed(file: string, programs: readonly Program[], run: Run): Promise<void> {
  const shows = (program: Program, line: string) =>
    program.line(new RegExp(line), `${file} does not print /${line}/`, SHOWN_MS)
  for (const line of run.each ?? []) await Promise.all(programs.map((program) => shows(program, line)))
  for (const line of run.some ?? []) await Promise.any(programs.map((program) => shows(program, line)))
  for (const line of run.errors ?? []) {
    await Promise.all(programs.map((program) => program.errorLine(new RegExp(line), `no /${line}/`, SHOWN_MS)))
  }
}

async function disturbed([first, ...others]: readonly Program[], { kill, freeze, then }: Run): Promise<void> {
  assert.ok(first !== undefined)
  if (kill !== undefined) assert.deepEqual(await first.kill(kill), { code: 0, signal: null }, first.stderr)
  if (freeze === true) await first.freeze()
  if (then === undefined) return
  await Promise.all(others.map((program) => program.line(new RegExp(then), `no /${then}/`, SHOWN_MS)))
}
