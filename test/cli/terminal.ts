// A terminal of a given size on a host of the lab: tmux, without the user's settings.
import { type Host, until } from '../lab/index.js'
import { CLI, SOON_MS } from './program.js'

let terminals = 0

/** A terminal in which one command runs. */
export class Terminal {
  readonly #host: Host
  readonly #socket: string

  private constructor(host: Host, socket: string) {
    this.#host = host
    this.#socket = socket
  }

  /** Starts a shell command line, in which `tcpnet` is the command line; what it ends with is shown as `ended with 0`. */
  static async open(host: Host, { columns, rows }: { columns: number; rows: number }, line: string): Promise<Terminal> {
    const terminal = new Terminal(host, `/run/lab/tmux-${++terminals}`)
    const script = `tcpnet() { '${process.execPath}' '${CLI}' "$@"; }; ${line}; echo "ended with $?"; read -r -d ''`
    await terminal.#tmux('new-session', '-d', '-x', `${columns}`, '-y', `${rows}`, 'bash', '-c', script)
    return terminal
  }

  /** What the terminal shows. */
  async lines(): Promise<string[]> {
    return (await this.#tmux('capture-pane', '-p')).split('\n')
  }

  /** Resolves with what it shows when a line matches. */
  async shows(match: RegExp, sentence: string): Promise<string[]> {
    let last: string[] = []
    const isShown = async () => {
      last = await this.lines()
      return last.some((line) => match.test(line)) && last
    }
    return await until(isShown, sentence, SOON_MS).catch((error: Error) => {
      throw new Error(`${error.message}; it shows:\n${last.join('\n')}`)
    })
  }

  /** Presses keys, as tmux names them: `C-c`, `Enter`, or text. */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys)
  }

  async resize({ columns, rows }: { columns: number; rows: number }): Promise<void> {
    await this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`)
  }

  /** Closes the terminal, as when its window is closed: the command gets SIGHUP. */
  async close(): Promise<void> {
    await this.#tmux('kill-server')
  }

  async #tmux(...args: string[]): Promise<string> {
    // tmux takes the terminal's size and kind from the environment where it can.
    const env = { TERM: 'xterm-256color', LANG: 'C.UTF-8' }
    return await this.#host.exec(['tmux', '-u', '-S', this.#socket, '-f', '/dev/null', ...args], { env })
  }
}
