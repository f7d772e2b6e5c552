// Hosts of a laboratory that have nothing but Node, and one that has a bus and an avahi-daemon: on each runs bare-member.js with
// the tcpnet that lies beside it, all meet all, and end without a word on standard error.
//   node out/test/runtimes/bare-mesh.js FOLDER ROOT...
// FOLDER has /app for the host with avahi-daemon. Each ROOT is the whole file system of another host: its Node is /bin/node.
import { strict as assert } from 'node:assert'
import { resolve } from 'node:path'
import { type Host, type Program, within, withLab } from '../lab/index.js'

const DEADLINE_MS = 30_000
const CHROOT_PATH = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` }

const [folder = '.', ...roots] = process.argv.slice(2)
const others = String(roots.length)

async function ends(program: Program, driver: string): Promise<void> {
  const exit = await within(program.exit, `does not end; it said: ${program.lines.join(', ')}`, DEADLINE_MS)
  assert.deepEqual({ ...exit, stderr: program.stderr }, { code: 0, signal: null, stderr: '' })
  assert.equal(program.lines.join('\n'), `heard ${others} over ${driver}`)
}

function runBare(host: Host, root: string): Promise<Program> {
  const command = ['chroot', resolve(root), '/bin/node', '/app/bare-member.js', others]
  return host.run(command, { env: CHROOT_PATH, cwd: '/' })
}

await withLab(async (lab) => {
  const bare = await lab.hosts(
    roots.map((_, at) => `bare${at}`),
    { avahi: false }
  )
  const equipped = await lab.host('equipped')
  const command = [process.execPath, 'bare-member.js', others]
  const running = await equipped.run(command, { cwd: resolve(folder, 'app') })
  const programs = await Promise.all(bare.map((host, at) => runBare(host, roots[at] ?? '.')))
  await Promise.all([ends(running, 'avahi'), ...programs.map((program) => ends(program, 'embedded'))])
})
console.log(`${roots.length} hosts with nothing but Node met each other and one with avahi-daemon`)
