import { fileURLToPath } from 'node:url'
import type { Host, Program } from '../../test/lab/index.js'
import type { BareCommand } from './bare-protocol.js'
import { startAll } from './member.js'

const PROGRAM = fileURLToPath(new URL('bare-node.js', import.meta.url))
const MESH_MS = 60_000
/** Milliseconds ahead of the instant in which all connect, for the command to reach them all. */
const AHEAD_MS = 300

/** A full mesh of bare sockets between processes, `each` on every host. */
export class BareMesh {
  readonly #programs: readonly Program[]
  /** Milliseconds until the last of them had its connections. */
  readonly joinedMs: number

  private constructor(programs: readonly Program[], joinedMs: number) {
    this.#programs = programs
    this.joinedMs = joinedMs
  }

  static async start(hosts: readonly Host[], each: number): Promise<BareMesh> {
    const places = hosts.flatMap((host) => Array<Host>(each).fill(host))
    const nodes = await startAll(places, async (host) => {
      const program = await host.run([process.execPath, PROGRAM])
      const { port } = JSON.parse(await program.line(/"port"/, 'a bare node does not listen', MESH_MS))
      return { program, host: host.ipv4, port: port as number }
    })
    const at = Date.now() + AHEAD_MS
    const times = await Promise.all(
      nodes.map(async ({ program }, i) => {
        const targets = nodes.slice(0, i).map(({ host, port }) => ({ host, port }))
        const command: BareCommand = { at, targets, peers: nodes.length - 1 }
        program.write(JSON.stringify(command))
        return JSON.parse(await program.line(/"joinedMs"/, 'a bare node has no full mesh', MESH_MS)).joinedMs as number
      })
    )
    return new BareMesh(
      nodes.map(({ program }) => program),
      Math.max(...times)
    )
  }

  get pids(): number[] {
    return this.#programs.map(({ pid }) => pid)
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()))
  }
}
