import { fileURLToPath } from 'node:url'
import type { Host, Program } from '../../test/lab/index.js'
import type { Peer } from './catalogue.js'

/** The folder of the adapters, which are not compiled. */
export const FOLDER = fileURLToPath(new URL('../../../bench/peers/', import.meta.url))

const START_MS = 60_000
/** Milliseconds for the answer to a command that has to come soon. */
const ANSWER_MS = 30_000

/** An event that member.js prints; `at` is the machine's monotonic clock, in milliseconds. */
export interface Told {
  readonly event: string
  readonly at: number
  /** How many peers are connected after it. */
  readonly count?: number
  /** Of `ready`: when the process started. */
  readonly began?: number
  /** Of `usage`. */
  readonly heapBytes?: number
}

/** The machine's monotonic clock, in milliseconds. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** A process that takes part in the mesh of a peer, on a host of the lab. */
export class Member {
  readonly host: Host
  readonly program: Program
  #count = 0

  private constructor(host: Host, program: Program) {
    this.host = host
    this.program = program
    program.follow((line) => {
      this.#count = told(line)?.count ?? this.#count
    })
  }

  /** Resolves when its modules are loaded. With the option `joinAtOnce` it joins then. */
  static async start(host: Host, peer: Peer, options: Record<string, unknown> = {}): Promise<Member> {
    const given = JSON.stringify({ ...peer.options, ...options })
    const program = await host.run([process.execPath, '--expose-gc', `${FOLDER}member.js`, peer.adapter, given], {
      cwd: FOLDER
    })
    const member = new Member(host, program)
    try {
      await member.event('ready', 'it does not start', START_MS, 0)
    } catch (error) {
      await member.leave()
      throw error
    }
    return member
  }

  get pid(): number {
    return this.program.pid
  }

  /** How many peers are connected. */
  get count(): number {
    return this.#count
  }

  /** The end of its outputs. */
  get log(): string {
    return `${this.program.lines.slice(-10).join('\n')}\n${this.program.stderr.slice(-1500)}`
  }

  /** The number of lines so far, for {@link event}. */
  get mark(): number {
    return this.program.lines.length
  }

  do(what: string, rest: Record<string, unknown> = {}): void {
    this.program.write(JSON.stringify({ do: what, ...rest }))
  }

  async ask(what: string, answer: string, rest: Record<string, unknown> = {}): Promise<Told> {
    const from = this.mark
    this.do(what, rest)
    return await this.event(answer, `no answer to ${what}`, ANSWER_MS, from)
  }

  /** The first event of that name from line `from` on for which `matches` is true. */
  async event(
    name: string,
    complaint: string,
    timeoutMs: number,
    from: number,
    matches: (event: Told) => boolean = () => true
  ): Promise<Told> {
    const isIt = (line: string) => {
      const event = told(line)
      return event?.event === name && matches(event)
    }
    return told(await this.program.line(isIt, complaint, timeoutMs, from)) as Told
  }

  /** Resolves with the time at which it first had that many peers since line `from`. */
  async connectedTo(peers: number, timeoutMs: number, from: number): Promise<number> {
    const complaint = `it has ${this.count} of ${peers} connections`
    const isFull = ({ count = 0 }: Told) => count >= peers
    return (await this.event('connected', complaint, timeoutMs, from, isFull)).at
  }

  /** Resolves when it has exactly that many peers. */
  async settled(peers: number, timeoutMs: number): Promise<void> {
    if (this.count === peers) return
    const isIt = (line: string) => told(line)?.count === peers
    await this.program.line(isIt, `it does not settle at ${peers} connections`, timeoutMs, this.mark)
  }

  /** Ends it as an application would; kills it if that takes long. */
  async leave(): Promise<void> {
    this.do('leave')
    const timer = setTimeout(() => this.program.signal('SIGKILL'), 3000)
    await this.program.exit
    clearTimeout(timer)
  }
}

function told(line: string): Told | null {
  return line.startsWith('{"event"') ? (JSON.parse(line) as Told) : null
}
