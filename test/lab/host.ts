import { within } from '../support/wait.js'
import { type AvahiSettings, avahiConfig, avahiPlan, busConfig, busPlan, Daemon } from './daemon.js'
import { type Drop, rules } from './filter.js'
import { type Interface, type InterfaceOptions, makeInterface, settle } from './interface.js'
import type { Namespace } from './namespace.js'
import type { Program, RunOptions } from './program.js'
import type { ExecOptions, Place, Site } from './site.js'
import type { Port } from './wiring.js'

export interface HostOptions extends InterfaceOptions {
  /**
   * Default true: the host has a bus and an avahi-daemon, which run when it is ready. Settings replace those of the
   * lab.
   */
  avahi?: boolean | AvahiSettings
  /** The bus, and with it the daemon, of another host: as for a container into which `/run/dbus` is mounted. Then `avahi` does not count. */
  busOf?: Host
  /** The networks that the host is on, one interface each: eth0, eth1, ... Default: one, named lan. */
  lans?: readonly string[]
}

/** A Drop in the form for tests: its peers are hosts. */
export interface HostDrop extends Omit<Drop, 'peers'> {
  peers?: readonly Host[]
}

/**
 * A view of the file system in which the daemons run without being set up on the machine: a /run of its own, the user
 * avahi mapped to user 0, the only one in the namespace, and no static services of the machine.
 */
const PREPARE = `
hostname "$1"
mount -t tmpfs "$2" /run
mkdir -p /run/dbus /run/avahi-daemon /run/lab
printf %s "$3" >/run/lab/bus.conf
printf %s "$4" >/run/lab/avahi.conf
sed 's/^avahi:\\([^:]*\\):[^:]*:[^:]*:/avahi:\\1:0:0:/' /etc/passwd >/run/lab/passwd
sed 's/^avahi:\\([^:]*\\):[^:]*:/avahi:\\1:0:/' /etc/group >/run/lab/group
mount --bind /run/lab/passwd /etc/passwd
mount --bind /run/lab/group /etc/group
if [ -d /etc/avahi ]; then mount -t tmpfs "$2" /etc/avahi; mkdir /etc/avahi/services; fi
`

/** A host with its own interfaces, bus, avahi-daemon and programs. */
export class Host {
  readonly name: string
  readonly avahi: Daemon
  readonly dbus: Daemon
  readonly #site: Site
  readonly #space: Namespace
  readonly #number: number
  readonly #options: InterfaceOptions
  readonly #programs = new Set<Program>()
  readonly #interfaces: Interface[] = []
  #made = 0

  private constructor(site: Site, name: string, number: number, space: Namespace, options: InterfaceOptions) {
    this.name = name
    this.#site = site
    this.#number = number
    this.#space = space
    this.#options = options
    this.dbus = new Daemon(busPlan('/run/lab/bus.conf'), (command) => this.run(command))
    this.avahi = new Daemon(avahiPlan('/run/lab/avahi.conf'), (command) => this.run(command))
  }

  /** Resolves when the host has its addresses and its daemon has announced it. */
  static async create(site: Site, name: string, options: HostOptions): Promise<Host> {
    // Taken before the first await, so that hosts that are made at the same time get their numbers in the order of the
    // calls.
    const number = site.nextHost()
    const places = (options.lans ?? ['lan']).map((lan) => site.nextPlace(lan))
    const settings = avahiConfig(name, typeof options.avahi === 'object' ? options.avahi : {})
    const space = await site.nest(PREPARE, [name, site.id, busConfig(), settings])
    const host = new Host(site, name, number, space, options)
    await site.ip(space, 'link set lo up')
    for (const place of places) {
      await host.#plug(place, options)
    }
    if (options.busOf !== undefined) {
      const bus = `/proc/${options.busOf.#space.pid}/root/run/dbus`
      await host.exec(['sh', '-c', 'rmdir /run/dbus && ln -s "$1" /run/dbus', 'sh', bus])
    } else if (options.avahi !== false) {
      await host.dbus.start()
      await host.avahi.start()
    }
    return host
  }

  get interfaces(): readonly Interface[] {
    return this.#interfaces
  }

  /** Every address, without scopes and without those of lo. */
  get addresses(): string[] {
    return this.#interfaces.flatMap(({ ipv4, ipv6, ipv6LinkLocal }) => [ipv4, ipv6, ipv6LinkLocal]).filter(isGiven)
  }

  /** The addresses of the first interface. Throws if it has none of the kind. */
  get ipv4(): string {
    return given(this.interface().ipv4, this.name, 'IPv4 address')
  }

  get ipv6(): string {
    return given(this.interface().ipv6, this.name, 'global IPv6 address')
  }

  get ipv6LinkLocal(): string {
    return given(this.interface().ipv6LinkLocal, this.name, 'link-local IPv6 address')
  }

  interface(name = 'eth0'): Interface {
    return given(
      this.#interfaces.find((one) => one.name === name),
      this.name,
      `interface ${name}`
    )
  }

  /** Starts a long-running program; resolves when it runs. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<Program> {
    const program = await this.#site.run(this.#space, command, options)
    this.#programs.add(program)
    program.exit.then(() => this.#programs.delete(program))
    return program
  }

  /** Runs a short command to its end; resolves with its output, or rejects with what it wrote on standard error. */
  async exec(command: readonly string[], options: ExecOptions = {}): Promise<string> {
    return await this.#site.exec(this.#space, command, options)
  }

  /**
   * From now on all packets in both directions are lost. Interfaces keep their carrier, and connections get no error.
   */
  async cut(): Promise<void> {
    await this.#site.wiring.cut(this.ports)
  }

  async restore(): Promise<void> {
    await this.#site.wiring.restore(this.ports)
  }

  /** From now on drops such packets between this host and others, in addition to earlier filters. */
  async drop(what: HostDrop): Promise<void> {
    const { peers, ...rest } = what
    const drop = peers === undefined ? rest : { ...rest, peers: peers.flatMap((peer) => peer.ports) }
    const chain = `${this.#table} forward`
    const list = rules(this.ports, drop).map((rule) => `add rule ${chain} ${rule}`)
    const make = [`add table ${this.#table}`, `add chain ${chain} { type filter hook forward priority 0; }`]
    await this.#nft([...make, ...list])
  }

  async clearFilters(): Promise<void> {
    await this.#nft([`add table ${this.#table}`, `delete table ${this.#table}`])
  }

  /** Gives the host another interface, by default on the network lan. */
  async addInterface(options: InterfaceOptions & { lan?: string } = {}): Promise<Interface> {
    return await this.#plug(this.#site.nextPlace(options.lan ?? 'lan'), { ...this.#options, ...options })
  }

  async removeInterface(name: string): Promise<void> {
    const one = this.interface(name)
    this.#interfaces.splice(this.#interfaces.indexOf(one), 1)
    await this.#site.wiring.unplug(one.port)
  }

  /** Replaces the addresses of the interface, as a new DHCP lease does. Link-local ones stay. */
  async changeAddress(name = 'eth0'): Promise<Interface> {
    const old = this.interface(name)
    const changed = await settle(this.#site, this.#space, old)
    this.#interfaces.splice(this.#interfaces.indexOf(old), 1, changed)
    return changed
  }

  /** Sets the interface down. It loses its IPv6 addresses; `interfaceUp` restores them. */
  async interfaceDown(name = 'eth0'): Promise<void> {
    await this.#site.ip(this.#space, `link set ${this.interface(name).name} down`)
  }

  async interfaceUp(name = 'eth0'): Promise<void> {
    const one = this.interface(name)
    await this.#site.ip(this.#space, one.batch)
  }

  /** Pulls the cable out, or puts it back: both ends notice the carrier. */
  async cable(state: 'in' | 'out', name = 'eth0'): Promise<void> {
    await this.#site.wiring.carrier(this.interface(name).port, state === 'in' ? 'up' : 'down')
  }

  /**
   * Restarts the bus, and avahi-daemon with it, as an init system does: without its bus it ends, or sometimes (0.8, on
   * a busy machine) loops for ever.
   */
  async restartBus(): Promise<void> {
    await this.dbus.stop()
    await within(this.avahi.exit, 'avahi-daemon outlives its bus', 1000).catch(() => this.avahi.kill())
    await this.dbus.start()
    await this.avahi.start()
  }

  /** Removes the host for good, without a goodbye. */
  async close(): Promise<void> {
    await this.cut()
    const killed = [...this.#programs].map((program) => program.kill('SIGKILL'))
    await Promise.all(killed)
    await this.clearFilters()
    for (const { name } of [...this.#interfaces]) {
      await this.removeInterface(name)
    }
    await this.#space.release()
  }

  /** The ends of the host's cables that are in the lab. */
  get ports(): Port[] {
    return this.#interfaces.map(({ port }) => port)
  }

  get #table(): string {
    return `bridge h${this.#number}`
  }

  async #plug(place: Place, { ipv4, ipv6 }: InterfaceOptions): Promise<Interface> {
    const name = `eth${this.#made}`
    const port = { name: `h${this.#number}i${this.#made}`, lan: place.lan }
    this.#made += 1
    const one = await makeInterface(this.#site, this.#space, { name, port, place, options: { ipv4, ipv6 } })
    this.#interfaces.push(one)
    return one
  }

  async #nft(commands: readonly string[]): Promise<void> {
    await this.#site.exec(this.#site.root, ['nft', '--file', '-'], { input: `${commands.join('\n')}\n` })
  }
}

function isGiven(address: string | undefined): address is string {
  return address !== undefined
}

function given<T>(value: T | undefined, host: string, what: string): T {
  if (value === undefined) {
    throw new Error(`${host} has no ${what}`)
  }
  return value
}
