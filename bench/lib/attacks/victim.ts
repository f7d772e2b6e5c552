import { fileURLToPath } from 'node:url'
import type { Host, Program } from '../../../test/lab/index.js'
import type { Figures, Listening, MemberCommand, MemberSettings, Waited } from './member-protocol.js'

const PROGRAM = fileURLToPath(new URL('member.js', import.meta.url))
/** Milliseconds for each command of a member, in addition to the time that it may wait. */
const ANSWER_MS = 60_000

/** An honest member on a host of the lab. It gets one command at a time. */
export class HonestMember {
  readonly host: Host
  readonly #program: Program

  private constructor(host: Host, program: Program) {
    this.host = host
    this.#program = program
  }

  /** Resolves when its modules are loaded. */
  static async start(host: Host, settings: MemberSettings): Promise<HonestMember> {
    const program = await host.run([process.execPath, PROGRAM, JSON.stringify(settings)])
    await program.line(/"ready"/, `${host.name}: the member does not start`, ANSWER_MS)
    return new HonestMember(host, program)
  }

  async listen(): Promise<Listening> {
    return (await this.#ask({ do: 'listen' })) as Listening
  }

  async figures(): Promise<Figures> {
    return (await this.#ask({ do: 'figures' })) as Figures
  }

  /** Milliseconds until it is connected again, or until a new service is; null if that takes longer than `withinMs`. */
  async wait(command: Extract<MemberCommand, { withinMs: number }>): Promise<number | null> {
    return ((await this.#ask(command)) as Waited).ms
  }

  async do(command: Extract<MemberCommand, { do: 'meet' | 'mark' | 'lie' }>): Promise<void> {
    await this.#ask(command)
  }

  async #ask(command: MemberCommand): Promise<unknown> {
    const from = this.#program.lines.length
    this.#program.write(JSON.stringify(command))
    return JSON.parse(
      await this.#program.line(/^[{n]/, `${this.host.name}: no answer to ${command.do}`, ANSWER_MS, from)
    )
  }
}
