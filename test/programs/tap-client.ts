// Captures the multicast DNS responses on the network of a lab, on a host of its own.
import { fileURLToPath } from 'node:url'
import type { Host, Program } from '../lab/index.js'

const PROGRAM = fileURLToPath(new URL('tap.js', import.meta.url))

/** A record of a response. */
export interface Heard {
  /** The sender's address. */
  readonly from: string
  readonly type: string
  readonly name: string
  /** In seconds; 0 is a goodbye (RFC 6762 §10.1). */
  readonly ttl: number
  /** As JSON. */
  readonly data: string
}

/** Captures every response on the network of a host, which needs no daemon. */
export class Tap {
  readonly #program: Program

  private constructor(program: Program) {
    this.#program = program
  }

  /** Resolves when it captures. */
  static async open(host: Host): Promise<Tap> {
    const program = await host.run([process.execPath, PROGRAM, host.ipv4])
    await program.line(/^ready$/, 'the tap does not start')
    return new Tap(program)
  }

  /** The records so far that have an instance's name or point to it. */
  of(uuid: string): Heard[] {
    const isOf = ({ name, type, data }: Heard) =>
      name.startsWith(`${uuid}.`) || (type === 'PTR' && data.startsWith(`"${uuid}.`))
    return this.#program.lines.flatMap((line) => (line === 'ready' ? [] : [JSON.parse(line) as Heard])).filter(isOf)
  }

  /** Resolves when an SRV record of the instance was received. */
  async announced(uuid: string): Promise<void> {
    const isSrv = new RegExp(`"type":"SRV","name":"${uuid}[.]`)
    await this.#program.line(isSrv, `${uuid.slice(0, 8)} is not announced`, 10_000, 0)
  }

  async close(): Promise<void> {
    this.#program.endInput()
    await this.#program.exit
  }
}
