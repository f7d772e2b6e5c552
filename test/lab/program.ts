import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import { until, within } from '../support/wait.js'
import { Lines, type Match } from './lines.js'

/** How a program ended: one of the two is null. */
export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface RunOptions {
  /** Variables in addition to the test's own; undefined removes one. */
  env?: NodeJS.ProcessEnv
  /** Default: the test's own. */
  cwd?: string
}

/**
 * The first step of a program, before it becomes the command: it reports its process id as the test sees it (/proc is
 * the machine's own in every lab, so /proc/self is the outer id), and changes to its directory, which nsenter does not
 * keep.
 */
const TELL_PID = 'read -r pid rest </proc/self/stat; echo "$pid" >&3; exec 3>&-; cd "$1" || exit; shift; exec "$@"'

/** Milliseconds for a program to start, and by default for an expected line: many times what either takes. */
const START_MS = 30_000

/** A program that runs on a host of the lab. `entering` is the command that enters the host (nsenter, unshare). */
export class Program {
  readonly pid: number
  /** Resolves when the program has ended and its output was read to the end. */
  readonly exit: Promise<Exit>
  readonly #command: readonly string[]
  readonly #child: ChildProcess
  readonly #input: Writable
  readonly #output: Lines
  readonly #errors: Lines
  #ended: Exit | undefined

  private constructor(command: readonly string[], child: ChildProcess, pid: number, streams: Streams) {
    this.pid = pid
    this.#command = command
    this.#child = child
    this.#input = streams.input
    this.#output = streams.output
    this.#errors = streams.errors
    this.exit = streams.exit
    this.exit.then((exit) => {
      this.#ended = exit
    })
  }

  /** Resolves once the program runs, its process id known. */
  static async start(entering: readonly string[], command: readonly string[], options: RunOptions): Promise<Program> {
    // When a test dies, its nsenter is killed; the program that nsenter started is killed with the lab (namespace.ts).
    const argv = [
      '--pdeathsig',
      'KILL',
      ...entering,
      'sh',
      '-c',
      TELL_PID,
      'sh',
      options.cwd ?? process.cwd(),
      ...command
    ]
    const child = spawn('setpriv', argv, {
      ...(options.env === undefined ? {} : { env: options.env }),
      stdio: ['pipe', 'pipe', 'pipe', 'pipe']
    })
    const streams = streamsOf(child)
    try {
      const told = await within(firstLine(child.stdio[3] as Readable), `${command[0]} did not start`, START_MS)
      if (/^\d+\n$/.test(told)) return new Program(command, child, Number(told), streams)
      await within(streams.exit, `${command[0]} did not start, and does not end`, START_MS)
      throw new Error(`${command[0]} did not start: ${streams.errors.all.join('\n')}`)
    } catch (err) {
      child.kill('SIGKILL')
      throw err
    }
  }

  /** The lines written on standard output so far. */
  get lines(): readonly string[] {
    return this.#output.all
  }

  /** What was written on standard error so far. */
  get stderr(): string {
    return this.#errors.all.join('\n')
  }

  get running(): boolean {
    return this.#ended === undefined
  }

  /**
   * The first line of standard output, from line number `from` on, that matches. Without one, the error begins with
   * `sentence`.
   */
  line(match: Match, sentence: string, timeoutMs = START_MS, from = 0): Promise<string> {
    return this.#find(this.#output, match, sentence, timeoutMs, from)
  }

  /** The same for standard error. */
  errorLine(match: Match, sentence: string, timeoutMs = START_MS, from = 0): Promise<string> {
    return this.#find(this.#errors, match, sentence, timeoutMs, from)
  }

  /** Calls the follower for every line of both outputs: at once for those already written. */
  follow(follower: (line: string) => void): void {
    this.#output.follow(follower)
    this.#errors.follow(follower)
  }

  /** Gives the program a line to read. */
  write(line: string): void {
    this.#input.write(`${line}\n`)
  }

  /** Closes the program's standard input. */
  endInput(text = ''): void {
    this.#input.end(text)
  }

  /** Sends a signal that ends the program, and waits for the end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL', timeoutMs = 5000): Promise<Exit> {
    this.signal(signal)
    return within(this.exit, `${this.#name} goes on after ${signal}`, timeoutMs)
  }

  /** Does nothing to a program that has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.running) {
      send(this.pid, signal)
    }
  }

  /** SIGSTOP; resolves when the program is stopped. nsenter stops itself together with its child. */
  async freeze(): Promise<void> {
    this.signal('SIGSTOP')
    await this.#inState((state) => state === 'T', 'does not stop')
  }

  /** SIGCONT; resolves when the program goes on. */
  async thaw(): Promise<void> {
    for (const pid of this.#pids()) {
      send(pid, 'SIGCONT')
    }
    await this.#inState((state) => state !== 'T', 'does not go on')
  }

  /** The last resort of Lab.close(): kills nsenter, whatever state it is in. */
  abandon(): void {
    this.#child.kill('SIGKILL')
  }

  get #name(): string {
    return this.#command.join(' ').slice(0, 80)
  }

  /** The program's process and the nsenter that waits for it. They are the same if nsenter did not fork. */
  #pids(): Set<number> {
    return new Set([this.pid, this.#child.pid ?? this.pid])
  }

  async #inState(wanted: (state: string) => boolean, complaint: string): Promise<void> {
    const look = async () => (await Promise.all([...this.#pids()].map(stateOf))).every(wanted)
    await until(look, `${this.#name} ${complaint}`, 2000)
  }

  async #find(lines: Lines, match: Match, sentence: string, timeoutMs: number, from: number): Promise<string> {
    try {
      return await lines.find(match, timeoutMs, from)
    } catch (err) {
      const why = err instanceof Error ? err.message : String(err)
      const end = this.#ended === undefined ? 'is running' : `ended with ${this.#ended.signal ?? this.#ended.code}`
      throw new Error(
        `${sentence}: no line matched ${match}: ${why}. "${this.#name}" ${end}; it last wrote\n` +
          `${this.lines.slice(-20).join('\n')}\nand on standard error\n${this.stderr.slice(-2000)}`
      )
    }
  }
}

interface Streams {
  input: Writable
  output: Lines
  errors: Lines
  exit: Promise<Exit>
}

function streamsOf(child: ChildProcess): Streams {
  const [input, output, errors] = [child.stdin, child.stdout, child.stderr]
  if (input === null || output === null || errors === null) {
    throw new Error('a program of the lab was started without its pipes')
  }
  // EPIPE: the program ended while it was written to. Its exit says so.
  input.on('error', () => {})
  const exit = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  exit.catch(() => {})
  return { input, output: new Lines(output), errors: new Lines(errors), exit }
}

/** The process may have ended already, before its end was read. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (err) {
    if (!(err instanceof Error && 'code' in err && err.code === 'ESRCH')) {
      throw err
    }
  }
}

/** Not until the end: an nsenter that waits for its child keeps the pipe open. */
async function firstLine(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    text += chunk
    if (text.endsWith('\n')) {
      break
    }
  }
  return text
}

/** One letter: the state of a process as in proc(5); 'X' when there is none. */
async function stateOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? 'X'
}
