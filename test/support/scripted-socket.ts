import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** One end of a connection without a network: the test gives its input and reads its output. */
export class ScriptedSocket extends Duplex {
  readonly remoteAddress = '192.0.2.1'
  readonly remotePort = 4000
  /** The lines that were written to it. */
  readonly lines: string[] = []
  /** Whether its `close` waits for {@link tellClose}, as on a slow system. */
  holdsClose = false
  #tellClose: () => void = () => {}

  /** This, with the type that the mesh expects. */
  get socket(): Socket {
    return this as unknown as Socket
  }

  destroySoon(): void {
    this.destroy()
  }

  tellClose(): void {
    this.#tellClose()
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.lines.push(chunk.toString().trimEnd())
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.holdsClose) this.#tellClose = () => done(error)
    else done(error)
  }
}
