import { fileURLToPath } from 'node:url'
import type { Host, Program } from '../../test/lab/index.js'
import type { Answer, Command, Joined, NodeSettings, Usage } from './protocol.js'

const PROGRAM = fileURLToPath(new URL('node.js', import.meta.url))
/** Milliseconds for each command of a member. */
const ANSWER_MS = 60_000

/** How many processes are started at a time: all at once would overload a small machine. */
const STARTED_AT_ONCE = 10

/** Starts a process for each place, some at a time. */
export async function startAll<Place, Started>(
  places: readonly Place[],
  start: (place: Place) => Promise<Started>
): Promise<Started[]> {
  const started: Started[] = []
  for (let i = 0; i < places.length; i += STARTED_AT_ONCE) {
    started.push(...(await Promise.all(places.slice(i, i + STARTED_AT_ONCE).map(start))))
  }
  return started
}

/** A full mesh with a node on each host. The nodes listen one after the other, so that no peer is dialed twice. */
export async function startSettled(hosts: readonly Host[], settings: NodeSettings): Promise<Member[]> {
  const mesh: Member[] = []
  for (const host of hosts) {
    const member = await Member.start(host, settings)
    await member.listen(mesh.length)
    mesh.push(member)
  }
  await Promise.all(mesh.map((member) => member.settle(mesh.length - 1)))
  return mesh
}

/** A node on a host of the lab. It gets one command at a time. */
export class Member {
  readonly host: Host
  readonly #program: Program

  private constructor(host: Host, program: Program) {
    this.host = host
    this.#program = program
  }

  /** Resolves when it is ready to listen: running, its modules loaded. */
  static async start(host: Host, settings: NodeSettings): Promise<Member> {
    const program = await host.run([process.execPath, '--expose-gc', PROGRAM, JSON.stringify(settings)])
    await program.line(/"ready"/, `${host.name}: the node does not start`, ANSWER_MS)
    return new Member(host, program)
  }

  get pid(): number {
    return this.#program.pid
  }

  /** @param at milliseconds of the wall clock; default: at once */
  async listen(peers: number, at?: number, timeline = false): Promise<Joined> {
    const when = at === undefined ? {} : { at }
    return (await this.#ask({ do: 'listen', peers, timeline, ...when })) as Joined
  }

  async settle(peers: number): Promise<void> {
    await this.#ask({ do: 'settle', peers })
  }

  async usage(): Promise<Usage> {
    return (await this.#ask({ do: 'usage' })) as Usage
  }

  /** Closes its services; resolves when they are closed and the process has ended. */
  async close(): Promise<void> {
    await this.#ask({ do: 'close' })
    this.#program.endInput()
    await this.#program.exit
  }

  async #ask(command: Command): Promise<Answer> {
    const from = this.#program.lines.length
    this.#program.write(JSON.stringify(command))
    const sentence = `${this.host.name}: no answer to ${command.do}`
    return JSON.parse(await this.#program.line(/^[{n]/, sentence, ANSWER_MS, from)) as Answer
  }
}
