import type { Exit, Program } from './program.js'

/** Where libdbus looks for the system bus. */
const SYSTEM_BUS = '/run/dbus/system_bus_socket'

export interface DaemonPlan {
  name: string
  command: readonly string[]
  /** Resolves when the daemon serves its clients. */
  ready: (program: Program) => Promise<unknown>
}

/** A daemon of a host, which can be stopped, killed, frozen and started again. */
export class Daemon {
  readonly #plan: DaemonPlan
  readonly #run: (command: readonly string[]) => Promise<Program>
  #program: Program | undefined

  constructor(plan: DaemonPlan, run: (command: readonly string[]) => Promise<Program>) {
    this.#plan = plan
    this.#run = run
  }

  get running(): boolean {
    return this.#program?.running === true
  }

  get pid(): number {
    return this.#current().pid
  }

  /** What the daemon that runs, or ran last, wrote on standard error. */
  get log(): string {
    return this.#program?.stderr ?? ''
  }

  /** Resolves when it serves its clients. */
  async start(): Promise<void> {
    if (this.running) {
      throw new Error(`${this.#plan.name} is running already`)
    }
    this.#program = await this.#run(this.#plan.command)
    await this.#plan.ready(this.#program)
  }

  /** SIGTERM: it sends its goodbyes. */
  async stop(): Promise<Exit> {
    return await this.#current().kill('SIGTERM')
  }

  /** SIGKILL: it sends nothing. */
  async kill(): Promise<Exit> {
    return await this.#current().kill('SIGKILL')
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /**
   * Resolves when it has ended by itself: avahi-daemon ends when its bus does, and an init system would start it again.
   */
  get exit(): Promise<Exit> {
    return this.#program?.exit ?? Promise.reject(new Error(`${this.#plan.name} was never started`))
  }

  /** SIGSTOP: its sockets stay open, and it does not answer. */
  async freeze(): Promise<void> {
    await this.#current().freeze()
  }

  async thaw(): Promise<void> {
    await this.#current().thaw()
  }

  #current(): Program {
    if (this.#program?.running !== true) {
      throw new Error(`${this.#plan.name} is not running`)
    }
    return this.#program
  }
}

/** A system bus. The one line on its standard output is its address, when it listens. */
export function busPlan(config: string, socket = SYSTEM_BUS): DaemonPlan {
  const command = 'rm -f "$2"; exec dbus-daemon --config-file="$1" --nofork --print-address'
  return {
    name: 'dbus-daemon',
    command: ['sh', '-c', command, 'sh', config, socket],
    ready: (program) => program.line(/^unix:/, 'the bus did not start')
  }
}

/** It keeps the rights and limits of its namespaces, and does not set its own. */
export function avahiPlan(config: string): DaemonPlan {
  const options = `--file="$1" --no-drop-root --no-chroot --no-rlimits --no-proc-title`
  return {
    name: 'avahi-daemon',
    command: ['sh', '-c', `exec avahi-daemon ${options}`, 'sh', config],
    ready: (program) => program.errorLine(/^Server startup complete/, 'avahi-daemon did not start')
  }
}

/** Every user may do everything: access control is not tested in the lab. */
export function busConfig(socket = SYSTEM_BUS): string {
  return `<busconfig>
  <type>system</type>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
  </policy>
  <limit name="max_connections_per_user">4096</limit>
  <limit name="max_completed_connections">8192</limit>
  <limit name="max_match_rules_per_connection">65536</limit>
  <limit name="max_replies_per_connection">65536</limit>
</busconfig>
`
}

/** Sections of avahi-daemon.conf(5), their settings by name. */
export type AvahiSettings = Record<string, Record<string, string | number | boolean>>

export function avahiConfig(hostName: string, overrides: AvahiSettings): string {
  const settings: AvahiSettings = {
    server: {
      'host-name': hostName,
      'clients-max': 4096,
      'objects-per-client-max': 16384,
      'ratelimit-interval-usec': 1_000_000,
      'ratelimit-burst': 1000
    },
    'wide-area': { 'enable-wide-area': false },
    publish: { 'publish-hinfo': false, 'publish-workstation': false }
  }
  const sections = new Set([...Object.keys(settings), ...Object.keys(overrides)])
  return [...sections].map((name) => section(name, { ...settings[name], ...overrides[name] })).join('\n')
}

function section(name: string, settings: Record<string, string | number | boolean>): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${word(value)}\n`)
  return `[${name}]\n${lines.join('')}`
}

function word(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)
}
