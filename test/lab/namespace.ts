import { Program } from './program.js'

/** The process that holds namespaces prints this when it has made them, and then runs until its input ends. */
const HELD = 'held'
const HOLD = `echo ${HELD}; exec cat >/dev/null`

/**
 * The lab's own namespaces. Their first process is process 1 of a process namespace: when it ends, the kernel kills
 * every process of the lab, and removes the namespaces, mounts and interfaces with the last of them. It ends when its
 * input ends, which is when the test process closes the lab or ends in any other way.
 */
const MAKE_LAB = ['unshare', '--net', '--mount', '--uts', '--pid', '--fork', '--kill-child']

/**
 * Milliseconds for the kernel to remove the namespaces: it takes a second or two, and many times that on a busy
 * machine.
 */
export const GONE_MS = 30_000

/** A plain user gets the rights that the lab needs in a user namespace; root has them. */
const AS_USER = ['--user', '--map-root-user']

/** Namespaces with a process that holds them, and the command that enters them. */
export class Namespace {
  readonly #holder: Program

  private constructor(holder: Program) {
    this.#holder = holder
  }

  /** Makes the empty namespaces of a lab. */
  static async ofLab(env: NodeJS.ProcessEnv): Promise<Namespace> {
    const entering = isRoot() ? MAKE_LAB : [...MAKE_LAB, ...AS_USER]
    return Namespace.#held(await Program.start(entering, ['sh', '-c', HOLD], { env }))
  }

  /**
   * Makes the namespaces of a host within those of the lab: a network and a view of the file system. `script` prepares
   * them, with the arguments `args`.
   */
  async nest(env: NodeJS.ProcessEnv, script: string, args: readonly string[]): Promise<Namespace> {
    const command = ['unshare', '--net', '--mount', '--uts', 'sh', '-c', `set -e\n${script}\n${HOLD}`, 'sh', ...args]
    return Namespace.#held(await Program.start(this.entering, command, { env }))
  }

  static async #held(holder: Program): Promise<Namespace> {
    try {
      await holder.line((line) => line === HELD, 'the namespaces could not be prepared')
    } catch (err) {
      holder.abandon()
      throw err
    }
    return new Namespace(holder)
  }

  /** The holder's process id on the machine; `/proc/PID/ns/net` is its network. */
  get pid(): number {
    return this.#holder.pid
  }

  /** The command that runs another one in these namespaces. */
  get entering(): readonly string[] {
    const user = isRoot() ? [] : ['--user', '--preserve-credentials']
    return ['nsenter', '--target', String(this.pid), ...user, '--net', '--mount', '--uts', '--pid']
  }

  /**
   * Ends the holder; resolves when it has ended. For the lab's own namespaces, every process of the lab has been killed
   * then.
   */
  async release(): Promise<void> {
    this.#holder.endInput()
    try {
      await this.#holder.kill('SIGKILL', GONE_MS)
    } finally {
      this.#holder.abandon()
    }
  }
}

function isRoot(): boolean {
  return process.geteuid?.() === 0
}
