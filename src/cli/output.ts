import { styleText } from 'node:util'

/** A text style, for terminals that support it. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** The part of process.stdout and process.stderr that is used. */
export interface OutputStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  readonly writableNeedDrain?: boolean
  hasColors?(): boolean
}

/**
 * A standard output that may fail at any time: the reader closes the pipe, the disk is full, or the terminal is closed.
 */
export class Output {
  readonly #stream: OutputStream
  readonly #onBroken: (error: NodeJS.ErrnoException) => void
  readonly #styled: boolean
  #broken = false

  /** @param onBroken called once, when nothing more can be written */
  constructor(stream: OutputStream, onBroken: (error: NodeJS.ErrnoException) => void) {
    this.#stream = stream
    this.#onBroken = onBroken
    // Node respects NO_COLOR, FORCE_COLOR, and terminals without colours.
    this.#styled = stream.isTTY === true && stream.hasColors?.() === true
    stream.on('error', this.#break)
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true
  }

  /** The terminal's size; 80x24 if it is unknown. */
  get size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = this.#stream
    return { columns: columns || 80, rows: rows || 24 }
  }

  /** Whether the reader is slower than the output. Callers that can wait do so with {@link whenDrained}. */
  get isBehind(): boolean {
    return !this.#broken && this.#stream.writableNeedDrain === true
  }

  /** Calls back when the buffer has drained, or when nothing can be written any more. */
  whenDrained(callback: () => void): void {
    if (!this.isBehind) {
      setImmediate(callback)
      return
    }
    const done = () => {
      this.#stream.off('drain', done).off('error', done)
      callback()
    }
    this.#stream.on('drain', done).on('error', done)
  }

  onResize(callback: () => void): void {
    this.#stream.on('resize', callback)
  }

  styled(style: Style, text: string): string {
    // With validateStream, Node would check process.stdout instead.
    return this.#styled ? styleText(style, text, { validateStream: false }) : text
  }

  /** Writes a line, unless the output has failed. */
  line(text: string): void {
    this.write(`${text}\n`)
  }

  write(text: string): void {
    if (this.#broken) return
    try {
      this.#stream.write(text)
    } catch (error) {
      // Files and terminals are written at once.
      this.#break(error as NodeJS.ErrnoException)
    }
  }

  /** Resolves when all output is written, or the output has failed. */
  flushed(): Promise<void> {
    if (this.#broken) return Promise.resolve()
    return new Promise((resolve) => {
      this.#stream.once('error', () => resolve())
      this.#stream.write('', () => resolve())
    })
  }

  readonly #break = (error: NodeJS.ErrnoException): void => {
    if (this.#broken) return
    this.#broken = true
    this.#onBroken(error)
  }
}
