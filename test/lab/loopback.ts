import { existsSync, rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LabUnavailable } from './available.js'
import { avahiConfig, avahiPlan, busConfig, busPlan, Daemon } from './daemon.js'
import { Program } from './program.js'

/** The folder in which avahi-daemon keeps its process id, so that there can be only one daemon. */
const AVAHI_RUN = '/run/avahi-daemon'

/**
 * For machines that allow no lab: this machine's loopback interface, with a private bus and an avahi-daemon that uses
 * no other interface, so that no packet is sent on a real one. It needs root: avahi-daemon keeps its files in /run.
 */
export class Loopback {
  readonly #folder: string
  readonly #env: NodeJS.ProcessEnv
  readonly #daemons: Daemon[]
  readonly #programs: Program[] = []

  readonly #makesRun = !existsSync(AVAHI_RUN)
  /** Also runs if this process ends before it is closed: its children end with it. */
  readonly #remove = () => {
    rmSync(this.#folder, { recursive: true, force: true })
    if (this.#makesRun) rmSync(AVAHI_RUN, { recursive: true, force: true })
  }

  private constructor(folder: string) {
    const [busConf, socket, avahiConf] = [join(folder, 'bus.conf'), join(folder, 'bus'), join(folder, 'avahi.conf')]
    this.#folder = folder
    process.once('exit', this.#remove)
    this.#env = {
      ...process.env,
      PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`,
      DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${socket}`
    }
    const run = (command: readonly string[]) => this.#start(command)
    this.#daemons = [new Daemon(busPlan(busConf, socket), run), new Daemon(avahiPlan(avahiConf), run)]
  }

  /** Resolves when the daemon runs. */
  static async create(): Promise<Loopback> {
    if (process.geteuid?.() !== 0) {
      throw new LabUnavailable('a private avahi-daemon on loopback needs root')
    }
    const folder = await mkdtemp(join(tmpdir(), 'tcpnet-loopback-'))
    const loopback = new Loopback(folder)
    try {
      await writeFile(join(folder, 'bus.conf'), busConfig(join(folder, 'bus')))
      const settings = avahiConfig('loopback', { server: { 'allow-interfaces': 'lo' } })
      await writeFile(join(folder, 'avahi.conf'), settings)
      for (const daemon of loopback.#daemons) {
        await daemon.start()
      }
      return loopback
    } catch (err) {
      await loopback.close()
      throw err
    }
  }

  /** Starts a program that uses the private daemon in place of the system's. */
  async run(command: readonly string[]): Promise<Program> {
    const program = await this.#start(command)
    this.#programs.push(program)
    return program
  }

  #start(command: readonly string[]): Promise<Program> {
    return Program.start([], command, { env: this.#env })
  }

  /** Ends every program, the daemons last; resolves when all have ended. */
  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()))
    for (const daemon of this.#daemons.filter(({ running }) => running).reverse()) {
      await daemon.stop()
    }
    this.#remove()
    process.off('exit', this.#remove)
  }
}
