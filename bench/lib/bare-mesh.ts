import { fileURLToPath } from 'node:url'
import type { Host, Program } from '../../test/lab/index.js'
import type { BareCommand } from './bare-protocol.js'
import { startAll } from './member.js'

const PROGRAM = fileURLToPath(new URL('bare-node.js', import.meta.url))
const MESH_MS = 60_000
/** Milliseconds before the instant at which all connect, in which the command reaches them. */
const AHEAD_MS = 300

interface BareNode {
  readonly program: Program
  readonly host: string
  readonly port: number
}

async function startNode(host: Host): Promise<BareNode> {
  const program = await host.run([process.execPath, PROGRAM])
  const { port } = JSON.parse(await program.line(/"port"/, 'a bare node does not listen', MESH_MS))
  return { program, host: host.ipv4, port: port as number }
}

/** @returns milliseconds until it has its connections */
async function connected(program: Program, command: BareCommand): Promise<number> {
  program.write(JSON.stringify(command))
  return JSON.parse(await program.line(/"joinedMs"/, 'a bare node has no full mesh', MESH_MS)).joinedMs as number
}

/** A full mesh of bare sockets between processes, with `each` processes on every host. */
export class BareMesh {
  readonly #programs: readonly Program[]
  readonly targets: BareCommand['targets']
  /** Milliseconds until the last process had its connections. */
  readonly joinedMs: number

  private constructor(nodes: readonly BareNode[], joinedMs: number) {
    this.#programs = nodes.map(({ program }) => program)
    this.targets = nodes.map(({ host, port }) => ({ host, port }))
    this.joinedMs = joinedMs
  }

  static async start(hosts: readonly Host[], each: number): Promise<BareMesh> {
    const places = hosts.flatMap((host) => Array<Host>(each).fill(host))
    const nodes = await startAll(places, startNode)
    const at = Date.now() + AHEAD_MS
    const times = await Promise.all(
      nodes.map(async ({ program }, i) => {
        const targets = nodes.slice(0, i).map(({ host, port }) => ({ host, port }))
        return await connected(program, { at, targets, peers: nodes.length - 1 })
      })
    )
    return new BareMesh(nodes, Math.max(...times))
  }

  /** Adds a node and removes it again. Resolves with the milliseconds until it was connected to all. */
  async join(host: Host): Promise<number> {
    const { program } = await startNode(host)
    const [at, targets] = [Date.now() + AHEAD_MS, this.targets]
    const joinedMs = await connected(program, { at, targets, peers: targets.length })
    await program.kill()
    return joinedMs
  }

  get pids(): number[] {
    return this.#programs.map(({ pid }) => pid)
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()))
  }
}
