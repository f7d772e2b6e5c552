// Whether a closed service leaves anything behind: two services are made, listen, connect to each other and close,
// 1,000 times, in one process. The same is done with bare sockets for comparison, because a process also grows by
// itself.
//
//   scripts/bench leak [--cycles 1000] [--kinds bare,memory,avahi]

import { fileURLToPath } from 'node:url'
import { type Host, withLab } from '../test/lab/index.js'
import { choices, count, options } from '../test/support/options.js'
import { mebibytes, table } from './lib/figures.js'
import type { Holding } from './lib/holding.js'
import { conditions } from './lib/run.js'

const PROGRAM = fileURLToPath(new URL('lib/cycle.js', import.meta.url))
/** Milliseconds for one cycle, on the average. */
const CYCLE_MS = 2000
/** The number of samples: before the first cycle, and at equal distances until after the last. */
const SAMPLES = 6

const { values: given } = options(import.meta.url, {
  cycles: { type: 'string', default: '1000' },
  kinds: { type: 'string', default: 'bare,memory,avahi' }
})
const cycles = count('cycles', given.cycles)
const kinds = choices('kinds', given.kinds, ['bare', 'memory', 'avahi'])

await withLab(async (lab) => {
  const host = await lab.host('alpha')
  const rows: string[][] = []
  for (const kind of kinds) rows.push(...rowsOf(kind, await run(host, kind)))
  console.log(
    `bench/leak: resources of one process after cycles of two services that connect and close. ${conditions()}.\n`
  )
  console.log(table(['', 'times', 'RSS MiB', 'heap MiB', 'handles', 'descriptors', 'threads'], rows))
})

async function run(host: Host, kind: string): Promise<Holding[]> {
  const every = Math.floor(cycles / (SAMPLES - 1))
  const program = await host.run([process.execPath, '--expose-gc', PROGRAM, kind, String(cycles), String(every)])
  await program.line(new RegExp(`"cycles":${every * (SAMPLES - 1)},`), `${kind}: does not end`, cycles * CYCLE_MS)
  await program.exit
  return program.lines.map((line) => JSON.parse(line) as Holding)
}

function rowsOf(kind: string, samples: readonly Holding[]): string[][] {
  return samples.map(({ cycles, rssBytes, heapBytes, handles, descriptors, threads }) => [
    kind,
    String(cycles),
    mebibytes(rssBytes),
    mebibytes(heapBytes),
    String(handles),
    String(descriptors),
    String(threads)
  ])
}
