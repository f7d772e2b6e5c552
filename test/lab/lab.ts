import { isUnavailable, type LabUnavailable } from './available.js'
import { Host, type HostOptions } from './host.js'
import { Site } from './site.js'

/**
 * A laboratory of network namespaces: hosts with interfaces, bus and avahi-daemon of their own, on bridges of their
 * own. No packet reaches the machine's interfaces. All of it is removed by close(), and when this process ends or is
 * killed.
 */
export class Lab {
  readonly #site: Site
  readonly #hosts = new Map<string, Host>()
  #closed: Promise<void> | undefined

  private constructor(site: Site) {
    this.#site = site
  }

  /** Rejects with LabUnavailable, which says what is missing and what to do. */
  static async create(): Promise<Lab> {
    return new Lab(await Site.create())
  }

  /** The reason why no lab can be made here; undefined if one can. */
  static async unavailable(): Promise<LabUnavailable | undefined> {
    return await isUnavailable()
  }

  /** Names the lab's processes and mounts; see leftovers(). */
  get id(): string {
    return this.#site.id
  }

  /** Makes a host; its name is also its mDNS host name. Resolves when its daemon, if it has one, has announced it. */
  async host(name: string, options: HostOptions = {}): Promise<Host> {
    const host = await Host.create(this.#site, name, options)
    this.#hosts.set(name, host)
    return host
  }

  /** Makes several hosts with the same options, at the same time. */
  async hosts<const Names extends readonly string[]>(
    names: Names,
    options: HostOptions = {}
  ): Promise<{ [I in keyof Names]: Host }> {
    // Not before all are settled, so that closing the lab then closes all of it.
    const settled = await Promise.allSettled(names.map((name) => this.host(name, options)))
    const made = settled.map((one) => {
      if (one.status === 'rejected') throw one.reason
      return one.value
    })
    return made as unknown as { [I in keyof Names]: Host }
  }

  /**
   * From now on the existing bridges forward multicast only to ports that joined the group, as container engines and
   * switches do.
   */
  async snoop(): Promise<void> {
    await this.#site.wiring.snoop()
  }

  /** Splits the network: hosts of different groups no longer reach each other. Hosts in no group stay together. */
  async split(...groups: readonly (readonly Host[])[]): Promise<void> {
    await this.#site.wiring.split(groups.map((hosts) => hosts.flatMap((host) => host.ports)))
  }

  /** Undoes split(). */
  async join(): Promise<void> {
    await this.#site.wiring.split([])
  }

  /** Kills every program and removes the lab; resolves when all is removed. */
  close(): Promise<void> {
    this.#closed ??= this.#site.close()
    return this.#closed
  }
}
