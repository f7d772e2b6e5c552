import { fileURLToPath } from 'node:url'
import type { Backend, Location, SessionEvent, SessionOptions } from '#tcpnet/discovery/session.js'
import type { Host, Program } from '../lab/index.js'
import type { Command } from './program.js'

const PROGRAM = fileURLToPath(new URL('program.js', import.meta.url))

/** The output of the program, in addition to the events of sessions. */
export type Event =
  | SessionEvent
  | { type: 'closed' | 'held' | 'released' }
  | { type: 'located'; location: Location | null }
  | { type: 'addresses'; error: string | null; addresses: { family: 4 | 6; address: string }[] }
  | { type: 'usage'; files: number; threads: number; kilobytes: number }

/** The options of a session, with defaults for those that a test does not set. */
export function announcing(instance: string, backend: Backend, more: Partial<SessionOptions> = {}): SessionOptions {
  const port = 4000 + (Number.parseInt(instance, 16) % 1000)
  const txt = ['v=1', `name=${instance}`]
  const type = '_tcpnet-native._tcp'
  return { backend, type, instance, port, txt, interfaceIndex: 0, probe: false, ownHost: null, ...more }
}

/** The addon in a process of its own on a host of the lab. */
export class Native {
  readonly program: Program
  #questions = 0

  private constructor(program: Program) {
    this.program = program
  }

  static async on(host: Host, env: NodeJS.ProcessEnv = {}): Promise<Native> {
    return new Native(await host.run([process.execPath, PROGRAM], { env: { ...process.env, ...env } }))
  }

  send(command: Command): void {
    this.program.write(JSON.stringify(command))
  }

  /** Opens a session whose id is the name of its instance, and waits until it is announced. */
  async announce(options: SessionOptions): Promise<void> {
    this.send({ do: 'open', id: options.instance, options })
    await this.event(options.instance, 'announced')
  }

  async close(id: string): Promise<void> {
    this.send({ do: 'close', id })
    await this.event(id, 'closed')
  }

  /** The first event with that id and type, from line `from` on, that fits. */
  async event<Type extends Event['type']>(
    id: string,
    type: Type,
    fits: (event: Event & { type: Type }) => boolean = () => true,
    from = 0,
    timeoutMs = 10_000
  ): Promise<Event & { type: Type }> {
    const matches = (line: string) => {
      const event = JSON.parse(line) as Event & { id: string }
      return event.id === id && event.type === type && fits(event as unknown as Event & { type: Type })
    }
    return JSON.parse(await this.program.line(matches, `${id} has no event ${type}`, timeoutMs, from))
  }

  /** Waits until a session has seen an instance. */
  async sees(id: string, uuid: string, from = 0): Promise<void> {
    await this.event(id, 'seen', (event) => event.uuid === uuid, from)
  }

  async loses(id: string, uuid: string, from = 0): Promise<void> {
    await this.event(id, 'gone', (event) => event.uuid === uuid, from)
  }

  /** Asks a session where an instance is. */
  async locate(session: string, uuid: string): Promise<Location | null> {
    const id = `question ${++this.#questions}`
    this.send({ do: 'locate', id, session, uuid })
    return (await this.event(id, 'located')).location
  }

  /** Waits until a session has seen an instance, and asks where it is until the answer fits. */
  async finds(id: string, uuid: string, fits: (location: Location) => boolean = () => true): Promise<Location> {
    await this.sees(id, uuid)
    const until = Date.now() + 15_000
    let location: Location | null
    do {
      location = await this.locate(id, uuid)
      if (location !== null && fits(location)) return location
    } while (Date.now() < until)
    throw new Error(`${id} does not find ${uuid} as it should be: ${JSON.stringify(location)}`)
  }

  /** How many lines were written; a value for `from`. */
  get told(): number {
    return this.program.lines.length
  }

  /** Ends the input of the program; resolves with how it ended. */
  async end(): Promise<{ code: number | null; signal: string | null; stderr: string }> {
    this.program.endInput()
    const exit = await this.program.exit
    return { ...exit, stderr: this.program.stderr }
  }
}

export const CLEAN = { code: 0, signal: null, stderr: '' }
