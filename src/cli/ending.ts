import type { ExitCode } from './exit-codes.js'

/** Decides when a command ends and with which exit code: those of the first reason. */
export class Ending {
  readonly #controller = new AbortController()
  /** Resolves when the command must end. */
  readonly ended: Promise<void>
  #code: ExitCode | null = null

  constructor() {
    this.ended = new Promise((resolve) => {
      this.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** Aborted when the command must end: it then withdraws its announcements and returns. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The exit code; null while the command continues. */
  get code(): ExitCode | null {
    return this.#code
  }

  /** Ends the command. Later calls do nothing. */
  end(code: ExitCode): void {
    if (this.#code !== null) return
    this.#code = code
    this.#controller.abort()
  }

  /** Resolves after `ms` milliseconds, or when the command must end. */
  pause(ms: number): Promise<void> {
    const { signal } = this
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const over = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', over)
        resolve()
      }
      const timer = setTimeout(over, ms)
      signal.addEventListener('abort', over, { once: true })
    })
  }
}
