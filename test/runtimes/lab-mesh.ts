// Two hosts of a laboratory, each with a network interface, a bus and an avahi-daemon of its own. The same runtime runs
// member.js on each of them, and the two have to connect, exchange greetings, and end without output on standard error.
//   node out/test/runtimes/lab-mesh.js FOLDER COMMAND...     COMMAND is the runtime, FOLDER has member.js
import { strict as assert } from 'node:assert'
import { resolve } from 'node:path'
import { type Program, within, withLab } from '../lab/index.js'

const DEADLINE_MS = 60_000

const [folder = '.', ...command] = process.argv.slice(2)

async function ends(program: Program): Promise<void> {
  const exit = await within(program.exit, `does not end; it printed: ${program.lines.join(', ')}`, DEADLINE_MS)
  assert.deepEqual({ ...exit, stderr: program.stderr }, { code: 0, signal: null, stderr: '' })
  assert.match(program.lines.join('\n'), /^heard hello from [0-9A-F]{32}\nclosed$/)
}

await withLab(async (lab) => {
  const hosts = await lab.hosts(['alpha', 'beta'])
  const programs = await Promise.all(hosts.map((host) => host.run([...command, 'member.js'], { cwd: resolve(folder) })))
  await Promise.all(programs.map(ends))
})
console.log('connected in the laboratory')
