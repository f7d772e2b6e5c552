// Runs each block of the pages for users in a project in which tcpnet and all other packages are installed, on a host of a laboratory.
//   node out/test/repository/run-blocks.js PROJECT
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { withLab } from '../lab/index.js'
import { blocksOf, PAGES_WITH_BLOCKS, runBlock } from '../support/blocks.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const [, , project = '.'] = process.argv

await withLab(async (lab) => {
  const host = await lab.host('alpha')
  for (const page of PAGES_WITH_BLOCKS) {
    for (const block of blocksOf(readFileSync(`${root}${page}`, 'utf8'))) {
      console.log(`${page}: ${block.file}`)
      await runBlock(host, project, block)
    }
  }
})
