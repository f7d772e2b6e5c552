import { withLab } from '../../../test/lab/index.js'
import { attempt, type Plan } from '../attempt.js'
import { FOLDER } from '../member.js'
import { installed, packagesOf } from '../packages.js'
import { Venue } from '../venue.js'

const MIB = 2 ** 20
/** Imports in an invocation for each of its runs. */
const IMPORTS = 7

/** The time from the start of a process to the end of the import, and what an install puts on the disk. */
export async function installs({ peers, runs, tell }: Plan, ours: string | undefined): Promise<void> {
  const { installs: distinct, imports } = await byPackages(peers)
  for (const { peer, packages } of distinct) {
    const sized = (metric: string, of: (found: ReturnType<typeof installed>) => number) =>
      attempt({ metric, peer: peer.id }, [], async () => of(await installedBy(packages, ours)))
    tell(await sized('size', ({ bytes }) => bytes / MIB))
    tell(await sized('packages', (found) => found.packages))
  }
  await withLab(async (lab) => {
    const venues = await Venue.shared(
      lab,
      imports.map(({ peer }) => peer),
      1
    )
    for (let run = 0; run < runs * IMPORTS; run++) {
      for (const [i, { hosts }] of venues.entries()) {
        const { peer, packages } = imports[i] as (typeof imports)[number]
        tell(
          await attempt({ metric: 'import', peer: peer.id }, [], async () =>
            Number(await hosts[0]?.exec([process.execPath, `${FOLDER}import.js`, ...packages], { cwd: FOLDER }))
          )
        )
      }
    }
  })
}

/** One peer for each set of packages: first those with packages, then with the baseline, bare Node, too. */
async function byPackages(peers: Plan['peers']) {
  const all: { peer: Plan['peers'][number]; packages: readonly string[] }[] = []
  for (const peer of peers) {
    const packages = await packagesOf(peer)
    if (!all.some((one) => one.packages.join() === packages.join())) all.push({ peer, packages })
  }
  return { imports: all, installs: all.filter(({ packages }) => packages.length > 0) }
}

/** @param ours the folder of an application in which the packed tcpnet is installed */
async function installedBy(packages: readonly string[], ours: string | undefined) {
  if (!packages.includes('tcpnet')) return installed(packages)
  if (ours === undefined)
    throw new Error('give --installed DIR: a folder in which the tarball of npm pack is installed')
  return installed(packages, ours)
}
