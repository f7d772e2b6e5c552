import { encode, type Packet } from 'dns-packet'
import { transcriptOf } from '../../support/transcript.js'
import { LinkTrial, OTHER, recordsOf, type Sent } from './link-trial.js'

/** A rule, and what has to happen for it to be seen. */
export interface Rule {
  /** Of RFC 6762, unless it says otherwise. */
  readonly section: string
  readonly says: string
  readonly play: (scene: Scene) => void
}

/** A link on a clock of its own, and everything that it hears (`<`), sends (`>`) and tells (`*`), with the milliseconds since the start. */
export class Scene {
  readonly trial: LinkTrial
  readonly #lines: string[] = []
  readonly #start: number
  #isQuiet = false

  constructor() {
    this.trial = new LinkTrial({}, (what) => this.#happened(what))
    this.trial.clock.chance = 0.5
    this.#start = this.trial.clock.now()
  }

  get text(): string {
    return `${this.#lines.join('\n')}\n`
  }

  /** A service that was announced long ago; the scene begins after that. */
  announced(uuid: string, records = recordsOf(uuid)) {
    this.#isQuiet = true
    const publication = this.trial.announced(uuid, records)
    this.#isQuiet = false
    return publication
  }

  /** Another host sends. */
  receive(packet: Packet | Buffer, from = OTHER): void {
    const bytes = Buffer.isBuffer(packet) ? packet : encode(packet)
    this.#add('<', `${from.address}:${from.port}  `, transcriptOf(bytes))
    this.trial.receiveBytes(bytes, from)
  }

  pass(ms: number): void {
    this.trial.clock.pass(ms)
  }

  /** What the test does, in words. */
  note(text: string): void {
    this.#add('-', text, [''])
  }

  #happened(what: Sent | string): void {
    if (this.#isQuiet) return
    if (typeof what === 'string') return this.#add('*', what, [''])
    const { bytes, to } = what
    this.#add('>', to === null ? '' : `to ${to.address}:${to.port}  `, transcriptOf(bytes))
  }

  #add(sign: string, prefix: string, [head = '', ...lines]: readonly string[]): void {
    const ms = `${this.trial.clock.now() - this.#start}`.padStart(9)
    this.#lines.push(`${ms} ${sign} ${prefix}${head}`, ...lines)
  }
}
