import { encode, type Packet } from 'dns-packet'
import { transcriptOf } from '../../support/transcript.js'
import { LinkTrial, OTHER, recordsOf, type Sent } from './link-trial.js'

/** A rule, and a sequence of events that shows it. */
export interface Rule {
  /** The sections of RFC 6762. */
  readonly section: string
  readonly says: string
  readonly play: (scene: Scene) => void
}

/**
 * A link with its own clock, and all that it receives (`<`), sends (`>`) and reports (`*`), in milliseconds since the
 * start.
 */
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

  /** Announces a service; its announcement is not part of the scene. */
  announced(uuid: string, records = recordsOf(uuid)) {
    this.#isQuiet = true
    const publication = this.trial.announced(uuid, records)
    this.#isQuiet = false
    return publication
  }

  /** The link receives a packet of another host. */
  receive(packet: Packet | Buffer, from = OTHER): void {
    const bytes = Buffer.isBuffer(packet) ? packet : encode(packet)
    this.#add('<', `${from.address}:${from.port}  `, transcriptOf(bytes))
    this.trial.receiveBytes(bytes, from)
  }

  pass(ms: number): void {
    this.trial.clock.pass(ms)
  }

  /** Adds a line that says what the test does. */
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
