// The tests of test/unit in one process, for `scripts/test --fast`: a process for each file would take three times the
// processor time. The hooks of a file apply to that file. `node --test` runs files in the order of their names: this one,
// which takes longest, comes first.
import { readdirSync } from 'node:fs'
import { describe } from 'node:test'

const folder = new URL('./unit/', import.meta.url)
for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!/(?<!\.long)\.test\.js$/.test(file)) continue
  describe(file, async () => {
    await import(new URL(file, folder).href)
  })
}
