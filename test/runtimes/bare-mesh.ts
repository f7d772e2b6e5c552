// Hosts of a laboratory that have only Node, and one that has a bus and an avahi-daemon. Each runs bare-member.js with
// the tcpnet beside it. All connect to all, and end without output on standard error.
//   node out/test/runtimes/bare-mesh.js ROOT...
// Each ROOT is the whole file system of a host: its Node is /bin/node, and the program is in /app. The host with avahi-daemon has
// this machine's file system and the /app of the first.
import { strict as assert } from 'node:assert'
import { join, resolve } from 'node:path'
import { type Host, type Program, within, withLab } from '../lab/index.js'

const DEADLINE_MS = 30_000

const roots = process.argv.slice(2).map((root) => resolve(root))
const others = String(roots.length)

async function ends(program: Program, driver: string): Promise<void> {
  const exit = await within(program.exit, `does not end; it printed: ${program.lines.join(', ')}`, DEADLINE_MS)
  assert.deepEqual({ ...exit, stderr: program.stderr }, { code: 0, signal: null, stderr: '' })
  assert.equal(program.lines.join('\n'), `heard ${others} over ${driver}`)
}

function runBare(host: Host, root: string): Promise<Program> {
  // Variables of this machine may name files that do not exist in the root.
  const chroot = ['env', '--ignore-environment', `PATH=${process.env.PATH}:/usr/sbin:/sbin`, 'chroot', root]
  return host.run([...chroot, '/bin/node', '/app/bare-member.js', others], { cwd: '/' })
}

await withLab(async (lab) => {
  const bare = await lab.hosts(
    roots.map((_, at) => `bare${at}`),
    { avahi: false }
  )
  const equipped = await lab.host('equipped')
  const command = [process.execPath, 'bare-member.js', others]
  const running = await equipped.run(command, { cwd: join(roots[0] ?? '.', 'app') })
  const programs = await Promise.all(bare.map((host, at) => runBare(host, roots[at] ?? '.')))
  await Promise.all([ends(running, 'avahi'), ...programs.map((program) => ends(program, 'embedded'))])
})
console.log(`${roots.length} hosts with only Node connected to each other and to one with avahi-daemon`)
