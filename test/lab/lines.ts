import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

export type Match = RegExp | ((line: string) => boolean)

/** The lines of a stream so far, and a way to wait for one. */
export class Lines {
  readonly all: string[] = []
  readonly #followers: ((line: string) => void)[] = []
  readonly #waiting = new Set<() => void>()
  #ended = false

  constructor(stream: Readable) {
    const reader = createInterface({ input: stream })
    reader.on('line', (line) => {
      this.all.push(line)
      for (const follower of this.#followers) {
        follower(line)
      }
      this.#wake()
    })
    reader.on('close', () => {
      this.#ended = true
      this.#wake()
    })
  }

  /** Calls the follower for every line: at once for those that are here already. */
  follow(follower: (line: string) => void): void {
    for (const line of this.all) {
      follower(line)
    }
    this.#followers.push(follower)
  }

  /** The first line from position `from` on that matches: an earlier or a later one. */
  async find(match: Match, timeoutMs: number, from = 0): Promise<string> {
    const test = typeof match === 'function' ? match : (line: string) => match.test(line)
    const end = Date.now() + timeoutMs
    for (let at = from; ; at++) {
      while (at >= this.all.length) {
        if (this.#ended || Date.now() >= end) {
          throw new Error(this.#ended ? 'the output ended first' : `not within ${timeoutMs} ms`)
        }
        await this.#more(end - Date.now())
      }
      const line = this.all[at]
      if (line !== undefined && test(line)) {
        return line
      }
    }
  }

  #more(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, timeoutMs)
      this.#waiting.add(wake)
    })
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) {
      wake()
    }
  }
}
