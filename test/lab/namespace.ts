import { Program } from './program.js'

/** The process that holds namespaces says this once it has made them; then it lives until its input ends. */
const HELD = 'held'
const HOLD = `echo ${HELD}; exec cat >/dev/null`

/**
 * The lab's own namespaces. Their first process is process 1 of a process namespace: when it ends, the kernel kills
 * every process of the lab, and with the last of them go the namespaces, mounts and interfaces. It ends when its input
 * does, which is when the test process closes the lab or is gone, in whatever way.
 */
const MAKE_LAB = ['unshare', '--net', '--mount', '--uts', '--pid', '--fork', '--kill-child']

/** Milliseconds for the kernel to take apart what was made: a second or two, many times that on a machine with much to do. */
export const GONE_MS = 30_000

/** A plain user gets the rights that the lab needs inside a user namespace; root has them. */
const AS_USER = ['--user', '--map-root-user']

/** Namespaces with a process that holds them, and the way in. */
export class Namespace {
  readonly #holder: Program

  private constructor(holder: Program) {
    this.#holder = holder
  }

  /** The lab's own namespaces, with nothing in them. */
  static async ofLab(env: NodeJS.ProcessEnv): Promise<Namespace> {
    const entering = isRoot() ? MAKE_LAB : [...MAKE_LAB, ...AS_USER]
    return Namespace.#held(await Program.start(entering, ['sh', '-c', HOLD], { env }))
  }

  /** A host's own: a network and a view of the file system in the lab's; `script` prepares them, its arguments `args`. */
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

  /** The holder's process id, as the machine sees it; `/proc/PID/ns/net` names the network. */
  get pid(): number {
    return this.#holder.pid
  }

  /** The command that runs another one in here. */
  get entering(): readonly string[] {
    const user = isRoot() ? [] : ['--user', '--preserve-credentials']
    return ['nsenter', '--target', String(this.pid), ...user, '--net', '--mount', '--uts', '--pid']
  }

  /** Lets go; resolves when the holder has ended. Of the lab's own, that is when every process of the lab was killed. */
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
