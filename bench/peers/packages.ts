import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Peer } from './catalogue.js'
import { FOLDER } from './member.js'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** The packages of an adapter, as it names them. */
export async function packagesOf({ adapter }: Peer): Promise<readonly string[]> {
  return ((await import(`${FOLDER}adapters/${adapter}.js`)) as { packages: readonly string[] }).packages
}

/** The folder of a package as a module in `from` finds it; null if it is not installed. */
function folderOf(name: string, from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name)
    if (existsSync(join(found, 'package.json'))) return realpathSync(found)
    if (folder === dirname(folder)) return null
  }
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

/** The installed versions of these packages, by name. */
export function versionsOf(names: readonly string[]): Record<string, string> {
  const found = names.map((name) => [name, folderOf(name, FOLDER)] as const)
  return Object.fromEntries(
    found.map(([name, folder]) => [name, folder === null ? 'not installed' : manifestOf(folder).version])
  )
}

/** What these packages install, with all that they depend on. Throws if one is not installed. */
export function installed(names: readonly string[], from = FOLDER): { packages: number; bytes: number } {
  const folders = new Set<string>()
  for (const name of names) {
    const folder = folderOf(name, from)
    if (folder === null) throw new Error(`${name} is not installed`)
    collect(folder, folders)
  }
  return { packages: folders.size, bytes: [...folders].reduce((sum, folder) => sum + bytesOf(folder), 0) }
}

function collect(folder: string, folders: Set<string>): void {
  if (folders.has(folder)) return
  folders.add(folder)
  const { dependencies = {}, optionalDependencies = {} } = manifestOf(folder)
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const found = folderOf(name, folder)
    if (found !== null) collect(found, folders)
  }
}

/** The bytes of all files of a package, without the packages that are installed in it. */
function bytesOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    if (entry.name === 'node_modules') return sum
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sum + bytesOf(path)
    return entry.isFile() ? sum + statSync(path).size : sum
  }, 0)
}
