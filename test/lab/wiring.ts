/** A network of the lab: one bridge, or several after a split. */
export interface Lan {
  name: string
  /** From 1. */
  number: number
}

/** The lab's end of a cable, a port that is plugged into a bridge. The other end is an interface of a host. */
export interface Port {
  name: string
  lan: Lan
}

/** `side` is the number of a part after a split; 0 is the whole network. */
function bridgeName(lan: Lan, side: number): string {
  return `lan${lan.number}side${side}`
}

/**
 * Decides which port belongs to which bridge. A split moves ports to other bridges, a cut takes them out of any:
 * interfaces keep their carrier, and frames are lost silently.
 */
export class Wiring {
  readonly #runIp: (batch: string) => Promise<void>
  readonly #bridges = new Set<string>()
  readonly #ports = new Map<string, Port>()
  readonly #cut = new Set<string>()
  #sides = new Map<string, number>()

  #last: Promise<void> = Promise.resolve()

  /** `runIp` runs ip(8) on a batch of commands in the lab's own network. */
  constructor(runIp: (batch: string) => Promise<void>) {
    this.#runIp = runIp
  }

  /** Makes a cable from a new port to the new interface `interfaceName` of the network namespace `netns` (a path). */
  async plug(port: Port, interfaceName: string, netns: string): Promise<void> {
    this.#ports.set(port.name, port)
    // The lab's end has no addresses: with any, the lab would answer for hosts that are cut off.
    const make = [
      `link add ${port.name} type veth peer name ${interfaceName} netns ${netns}`,
      `link set ${port.name} addrgenmode none up`
    ]
    await this.#ip([...make, ...this.#place([port])])
  }

  async unplug(port: Port): Promise<void> {
    this.#ports.delete(port.name)
    this.#cut.delete(port.name)
    await this.#ip([`link del ${port.name}`])
  }

  /** Sets the carrier of the port, as when a cable is pulled out and put back: both ends notice at once. */
  async carrier(port: Port, state: 'up' | 'down'): Promise<void> {
    await this.#ip([`link set ${port.name} ${state}`])
  }

  async cut(ports: readonly Port[]): Promise<void> {
    for (const port of ports) {
      this.#cut.add(port.name)
    }
    await this.#ip(this.#place(ports))
  }

  async restore(ports: readonly Port[]): Promise<void> {
    for (const port of ports) {
      this.#cut.delete(port.name)
    }
    await this.#ip(this.#place(ports))
  }

  /** Ports of different groups no longer reach each other; ports in none stay together. */
  async split(groups: readonly (readonly Port[])[]): Promise<void> {
    this.#sides = new Map(groups.flatMap((ports, group) => ports.map((port) => [port.name, group + 1] as const)))
    await this.#ip(this.#place([...this.#ports.values()]))
  }

  /** Switches multicast snooping (IGMP, MLD) on in the existing bridges. */
  async snoop(): Promise<void> {
    await this.#ip([...this.#bridges].map((bridge) => `link set ${bridge} type bridge mcast_snooping 1`))
  }

  /** Batches run one after the other: a port may be placed in a bridge that an earlier batch makes. */
  #ip(commands: readonly string[]): Promise<void> {
    const turn = this.#last.then(() => this.#runIp(commands.join('\n')))
    this.#last = turn.catch(() => {})
    return turn
  }

  #place(ports: readonly Port[]): string[] {
    return ports.flatMap((port) => {
      if (this.#cut.has(port.name)) {
        return [`link set ${port.name} nomaster`]
      }
      const bridge = bridgeName(port.lan, this.#sides.get(port.name) ?? 0)
      return [...this.#bridge(bridge), `link set ${port.name} master ${bridge}`]
    })
  }

  /**
   * Without snooping: a bridge that does not know the listeners yet would drop multicast packets, which the tests need.
   */
  #bridge(name: string): string[] {
    if (this.#bridges.has(name)) {
      return []
    }
    this.#bridges.add(name)
    return [`link add ${name} type bridge mcast_snooping 0 forward_delay 0`, `link set ${name} addrgenmode none up`]
  }
}
