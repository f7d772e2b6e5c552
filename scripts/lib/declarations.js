// Removes the declarations from a folder that its index.d.ts and index.d.cts do not import: those of modules that users
// of the package cannot import.
//   node scripts/lib/declarations.js dist
import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const [, , folder] = process.argv
const wanted = new Set()

function follow(path) {
  if (wanted.has(path)) return
  wanted.add(path)
  for (const [, to] of readFileSync(path, 'utf8').matchAll(/'(\.[^']+)\.js'/g)) {
    follow(normalize(join(dirname(path), `${to}.d.ts`)))
  }
}

follow(join(folder, 'index.d.ts'))
follow(join(folder, 'index.d.cts'))
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).reverse()) {
  const path = join(entry.parentPath, entry.name)
  if (/\.d\.c?ts$/.test(path) && !wanted.has(path)) rmSync(path)
  else if (entry.isDirectory() && readdirSync(path).length === 0) rmdirSync(path)
}
