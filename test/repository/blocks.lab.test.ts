// Each block of JavaScript in the README, docs/api.md, the recipes and docs/migrating.md runs. Blocks that import packages from the npm registry run
// only in scripts/check-consumers, which also runs all others with the packed tarball.
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sharedLab, skipWithoutLab } from '../lab/index.js'
import { blocksOf, PAGES_WITH_BLOCKS, runBlock } from '../support/blocks.js'
import { WHOLE } from '../support/long.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const project = join(root, 'build/blocks')
/** Recipes take some seconds of processor time together. */
const PAGES = WHOLE ? PAGES_WITH_BLOCKS : PAGES_WITH_BLOCKS.slice(0, 2)

before(() => {
  rmSync(project, { recursive: true, force: true })
  mkdirSync(join(project, 'node_modules'), { recursive: true })
  symlinkSync(root, join(project, 'node_modules/tcpnet'))
})
after(() => rmSync(project, { recursive: true, force: true }))

const shared = sharedLab((lab) => lab.hosts(['alpha']))

for (const page of PAGES) {
  describe(page, { skip: skipWithoutLab, concurrency: 3 }, () => {
    for (const block of blocksOf(readFileSync(join(root, page), 'utf8'))) {
      if (block.packages.length > 0) continue
      test(block.file, () => runBlock(shared.hosts[0], project, block))
    }
  })
}
