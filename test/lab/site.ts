import { randomBytes } from 'node:crypto'
import { within } from '../support/wait.js'
import { isUnavailable } from './available.js'
import { GONE_MS, Namespace } from './namespace.js'
import { Program, type RunOptions } from './program.js'
import { type Lan, Wiring } from './wiring.js'

export interface ExecOptions extends RunOptions {
  /** The standard input of the command. */
  input?: string
  /** Default 10,000. */
  timeoutMs?: number
}

/** A place on a network: the host part of the addresses of the interface that has it. */
export interface Place {
  lan: Lan
  address: number
}

/** The variable in the environment of every process of a lab, so that leftover processes are found. */
export const MARK = 'TCPNET_LAB'

/** The parts that the hosts of a lab share: its namespaces, bridges and numbers, and every program that it started. */
export class Site {
  readonly id: string
  readonly wiring: Wiring
  readonly root: Namespace
  readonly #env: NodeJS.ProcessEnv
  readonly #programs = new Set<Program>()
  readonly #lans = new Map<string, Lan & { used: number }>()
  #hosts = 0

  private constructor(id: string, root: Namespace, env: NodeJS.ProcessEnv) {
    this.id = id
    this.root = root
    this.#env = env
    this.wiring = new Wiring((batch) => this.ip(root, batch))
  }

  /** Rejects with LabUnavailable if no lab can be made on this machine. */
  static async create(): Promise<Site> {
    const unavailable = await isUnavailable()
    if (unavailable !== undefined) {
      throw unavailable
    }
    const id = `tcpnet-lab-${randomBytes(6).toString('hex')}`
    const env = { ...environment(), [MARK]: id }
    return new Site(id, await Namespace.ofLab(env), env)
  }

  nextHost(): number {
    return ++this.#hosts
  }

  /** The next free place on the network of that name. */
  nextPlace(name: string): Place {
    const lan = this.#lans.get(name) ?? { name, number: this.#lans.size + 1, used: 0 }
    this.#lans.set(name, lan)
    lan.used += 1
    if (lan.used > 254) {
      throw new RangeError(`the network "${name}" of the lab has no address left`)
    }
    return { lan, address: lan.used }
  }

  async nest(script: string, args: readonly string[]): Promise<Namespace> {
    return await this.root.nest(this.#env, script, args)
  }

  /** Starts a long-running program. */
  async run(where: Namespace, command: readonly string[], options: RunOptions = {}): Promise<Program> {
    const env = { ...this.#env, ...options.env, [MARK]: this.id }
    const program = await Program.start(where.entering, command, { ...options, env })
    this.#programs.add(program)
    program.exit.then(() => this.#programs.delete(program))
    return program
  }

  /** Runs a short command to its end; resolves with its output, or rejects with what it wrote on standard error. */
  async exec(where: Namespace, command: readonly string[], options: ExecOptions = {}): Promise<string> {
    const program = await this.run(where, command, options)
    program.endInput(options.input)
    try {
      const exit = await within(program.exit, `"${command.join(' ')}" does not end`, options.timeoutMs ?? 10_000)
      if (exit.code !== 0) {
        const output = program.lines.join('\n')
        throw new Error(`"${command.join(' ')}" ended with ${exit.signal ?? exit.code}: ${program.stderr}\n${output}`)
      }
      return program.lines.join('\n')
    } finally {
      program.signal('SIGKILL')
    }
  }

  async ip(where: Namespace, batch: string): Promise<void> {
    await this.exec(where, ['ip', '-batch', '-'], { input: `${batch}\n` })
  }

  /**
   * Kills everything; resolves when all has ended. The nsenter processes are killed first: a process namespace ends
   * only when its dead processes are reaped, and the nsenter of a frozen program, which is frozen as well, would never
   * reap it.
   */
  async close(): Promise<void> {
    const programs = [...this.#programs]
    for (const program of programs) {
      program.abandon()
    }
    await this.root.release()
    await within(Promise.all(programs.map((program) => program.exit)), 'programs of the lab do not end', GONE_MS)
  }
}

/** The test's environment, without variables that lead to the machine's own bus or to another test's results. */
function environment(): NodeJS.ProcessEnv {
  const { DBUS_SYSTEM_BUS_ADDRESS: _1, DBUS_SESSION_BUS_ADDRESS: _2, NODE_TEST_CONTEXT: _3, ...env } = process.env
  return { ...env, PATH: `${env.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin` }
}
