import { StringDecoder } from 'node:string_decoder'

/** The longest line of a peer that is shown in one piece, in characters. */
const MAX_LINE = 4096

/** Splits what a peer sends into lines. A line that is too long is split as well. */
export class Lines {
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: string) => void
  #rest = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  /** Adds received bytes. */
  add(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#tell(line)
    while (this.#rest.length >= MAX_LINE) {
      this.#onLine(this.#rest.slice(0, MAX_LINE))
      this.#rest = this.#rest.slice(MAX_LINE)
    }
  }

  /** Ends the input: the rest is a line as well. */
  end(): void {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    if (rest !== '') this.#tell(rest)
  }

  #tell(line: string): void {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line
    for (let at = 0; at === 0 || at < text.length; at += MAX_LINE) this.#onLine(text.slice(at, at + MAX_LINE))
  }
}
