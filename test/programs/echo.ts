// Detects whether a connection alters bytes: each end sends questions of any length, and gets them back.
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'

const EVERY_MS = 50
const LONGEST_BYTES = 4096
/** The most questions that are under way at once. */
const MAX_OPEN = 32

/** One end of the exchange over a connection. */
export class Echo {
  readonly #socket: Socket
  readonly #onAltered: (expected: string, got: string) => void
  readonly #open: string[] = []
  /** How many questions came back as they were asked. */
  answered = 0

  constructor(socket: Socket, onAltered: (expected: string, got: string) => void) {
    this.#socket = socket
    this.#onAltered = onAltered
    const timer = setInterval(this.#ask, EVERY_MS)
    socket.on('close', () => clearInterval(timer)).on('end', () => clearInterval(timer))
  }

  /** Handles a received line. */
  readonly onLine = (line: string): void => {
    if (line.startsWith('?')) return this.#write(`!${line.slice(1)}`)
    const expected = this.#open.shift() ?? 'nothing'
    if (line === `!${expected}`) this.answered++
    else this.#onAltered(expected, line)
  }

  readonly #ask = (): void => {
    if (this.#open.length >= MAX_OPEN || !this.#socket.writable) return
    const question = randomBytes(Math.ceil(Math.random() * LONGEST_BYTES)).toString('base64')
    this.#open.push(question)
    this.#write(`?${question}`)
  }

  #write(line: string): void {
    if (this.#socket.writable) this.#socket.write(`${line}\n`)
  }
}
