import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { withLab } from '../../../test/lab/index.js'
import { attempt, type Plan } from '../attempt.js'
import type { Peer } from '../catalogue.js'
import { FOLDER } from '../member.js'
import { installed, packagesOf } from '../packages.js'
import { Venue } from '../venue.js'

const MIB = 2 ** 20
/** Imports in an invocation for each of its runs. */
const IMPORTS = 7

/** The packed tcpnet, which bench/peers/pack unpacks. */
const PACKED = fileURLToPath(new URL('../../../../build/packed/', import.meta.url))

/** What an installation puts on the disk. */
export async function installSizes({ peers, tell }: Plan): Promise<void> {
  for (const [peer, packages] of await byPackages(peers)) {
    if (packages.length === 0) continue
    if (packages.includes('tcpnet')) execFileSync(`${FOLDER}pack`, { stdio: ['ignore', 2, 2] })
    const subject = { peer, members: [] }
    const found = () => installed(packages, packages.includes('tcpnet') ? PACKED : FOLDER)
    await attempt(subject, 'size', tell, async () => found().bytes / MIB)
    await attempt(subject, 'packages', tell, async () => found().packages)
  }
}

/** The time from the start of a process to the end of the import; for the baseline, which imports nothing, bare Node. */
export async function imports({ peers, runs, tell }: Plan): Promise<void> {
  const packages = await byPackages(peers)
  await withLab(async (lab) => {
    const venues = await Venue.shared(lab, [...packages.keys()], 1)
    for (let run = 0; run < runs * IMPORTS; run++) {
      for (const { peer, hosts } of venues) {
        const command = [process.execPath, `${FOLDER}import.js`, ...(packages.get(peer) ?? [])]
        const measure = async () => Number(await hosts[0]?.exec(command, { cwd: FOLDER }))
        await attempt({ peer, members: [] }, 'import', tell, measure)
      }
    }
  })
}

/** The packages of the peers, without peers that have the same ones as an earlier one. */
async function byPackages(peers: readonly Peer[]): Promise<Map<Peer, readonly string[]>> {
  const found = new Map<string, [Peer, readonly string[]]>()
  for (const peer of peers) {
    const packages = await packagesOf(peer)
    if (!found.has(packages.join())) found.set(packages.join(), [peer, packages])
  }
  return new Map(found.values())
}
