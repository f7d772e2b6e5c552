// A schedule of faults, made from a seed. It tracks the state of each part, and breaks only what is whole and repairs
// only what is broken.
import { Random } from './random.js'

/** The faults of a host's link. Each lasts until it is repaired. */
export const LINK_FAULTS = ['cut', 'unplugged', 'down', 'lossy', 'deaf', 'mute', 'undialable'] as const
export type LinkFault = (typeof LINK_FAULTS)[number]

/** A step. Hosts and nodes are numbers. */
export type Action =
  | { readonly do: 'break link'; readonly host: number; readonly fault: LinkFault }
  | { readonly do: 'mend link'; readonly host: number; readonly fault: LinkFault }
  /** Separates the hosts of this list from the others. */
  | { readonly do: 'split'; readonly hosts: readonly number[] }
  | { readonly do: 'join' }
  | { readonly do: 'change address'; readonly host: number }
  | { readonly do: 'stop daemon' | 'kill daemon' | 'start daemon'; readonly host: number }
  | { readonly do: 'freeze daemon' | 'thaw daemon' | 'restart bus'; readonly host: number }
  | { readonly do: 'start node' | 'close node' | 'kill node'; readonly node: number }
  | { readonly do: 'freeze node' | 'thaw node'; readonly node: number }
  /** Every node destroys all of its connections. */
  | { readonly do: 'storm' }
  /** A node destroys one of its connections: the one with this number, modulo their count. */
  | { readonly do: 'destroy'; readonly node: number; readonly connection: number }

/** `at` is in milliseconds from the beginning. */
export type Step = Action & { readonly at: number }

export interface ChaosPlan {
  readonly seed: number
  readonly durationMs: number
  /** How many hosts there are. The first runs two nodes, each other one. */
  readonly hosts: number
  /** The drivers of the hosts, in turn. */
  readonly drivers: readonly ChaosDriver[]
}

/** Drivers that chaos can run over. */
export const CHAOS_DRIVERS = ['avahi', 'bonjour', 'embedded'] as const
export type ChaosDriver = (typeof CHAOS_DRIVERS)[number]

/** Milliseconds between two steps, at least and at most. */
const PAUSE_MS = [100, 1500] as const
/** Percentage of steps that repair something, while something is broken. */
const MENDING = 55

/** Which host a node runs on. */
export function hostOf(node: number, { hosts }: ChaosPlan): number {
  return node % hosts
}

export function driverOf(host: number, { drivers }: ChaosPlan): ChaosDriver {
  return drivers[host % drivers.length] ?? 'avahi'
}

/** Whether a host has a daemon: not where its driver needs none. */
export function hasDaemon(host: number, plan: ChaosPlan): boolean {
  return driverOf(host, plan) !== 'embedded'
}

export function nodesOf({ hosts }: ChaosPlan): number[] {
  return Array.from({ length: hosts + 1 }, (_, node) => node)
}

export function scheduleOf(plan: ChaosPlan): Step[] {
  const random = new Random(plan.seed)
  const model = new Model(plan, random)
  const steps: Step[] = []
  for (let at = random.integer(...PAUSE_MS); at < plan.durationMs; at += random.integer(...PAUSE_MS)) {
    steps.push({ at, ...model.next() })
  }
  return steps
}

/** The step as a line of a log. */
export function describe(action: Action): string {
  const { do: what, ...rest } = action
  return `${what} ${JSON.stringify(rest)}`
}

class Model {
  readonly #plan: ChaosPlan
  readonly #random: Random
  readonly #links: (LinkFault | null)[]
  readonly #daemons: ('up' | 'stopped' | 'frozen' | 'none')[]
  readonly #nodes: ('up' | 'down' | 'frozen')[]
  #split = false

  constructor(plan: ChaosPlan, random: Random) {
    this.#plan = plan
    this.#random = random
    this.#links = Array.from({ length: plan.hosts }, () => null)
    this.#daemons = this.#links.map((_, host) => (hasDaemon(host, plan) ? 'up' : 'none'))
    this.#nodes = nodesOf(plan).map(() => 'up')
  }

  next(): Action {
    const mending = this.#mending()
    const action =
      mending.length > 0 && this.#random.integer(1, 100) <= MENDING
        ? this.#random.pick(mending)
        : this.#random.pick(this.#breaking())
    this.#apply(action)
    return action
  }

  #mending(): Action[] {
    const actions: Action[] = this.#split ? [{ do: 'join' }] : []
    for (const [host, fault] of this.#links.entries()) {
      if (fault !== null) actions.push({ do: 'mend link', host, fault })
    }
    for (const [host, state] of this.#daemons.entries()) {
      if (state === 'stopped') actions.push({ do: 'start daemon', host })
      if (state === 'frozen') actions.push({ do: 'thaw daemon', host })
    }
    for (const [node, state] of this.#nodes.entries()) {
      // A node over a daemon is started only if the daemon runs: without it, it cannot listen.
      const daemon = this.#daemons[hostOf(node, this.#plan)]
      if (state === 'down' && (daemon === 'up' || daemon === 'none')) actions.push({ do: 'start node', node })
      if (state === 'frozen') actions.push({ do: 'thaw node', node })
    }
    return actions
  }

  /** One action of each kind, so that all kinds are equally likely, however many parts they are possible for. */
  #breaking(): Action[] {
    const random = this.#random
    const hosts = [...this.#links.keys()]
    const actions: Action[] = []
    const some = (list: readonly number[], make: (one: number) => Action) => {
      if (list.length > 0) actions.push(make(random.pick(list)))
    }
    const whole = hosts.filter((host) => this.#links[host] === null)
    const served = hosts.filter((host) => this.#daemons[host] === 'up')
    const alive = nodesOf(this.#plan).filter((node) => this.#nodes[node] === 'up')
    some(whole, (host) => ({ do: 'break link', host, fault: random.pick(LINK_FAULTS) }))
    some(whole, (host) => ({ do: 'break link', host, fault: random.pick(LINK_FAULTS) }))
    some(whole, (host) => ({ do: 'change address', host }))
    some(served, (host) => ({ do: random.pick(['stop daemon', 'kill daemon', 'freeze daemon'] as const), host }))
    some(served, (host) => ({ do: 'restart bus', host }))
    some(alive, (node) => ({ do: 'kill node', node }))
    some(alive, (node) => ({ do: 'close node', node }))
    some(alive, (node) => ({ do: 'freeze node', node }))
    some(alive, (node) => ({ do: 'destroy', node, connection: random.integer(0, 9) }))
    some(alive, (node) => ({ do: 'destroy', node, connection: random.integer(0, 9) }))
    actions.push({ do: 'storm' })
    if (!this.#split) actions.push({ do: 'split', hosts: this.#half(hosts) })
    return actions
  }

  /** Some of the hosts: at least one, and not all. */
  #half(hosts: readonly number[]): number[] {
    const first = this.#random.pick(hosts)
    return hosts.filter((host) => host === first || (host !== (first + 1) % hosts.length && this.#random.next() < 0.5))
  }

  #apply(action: Action): void {
    switch (action.do) {
      case 'break link':
        this.#links[action.host] = action.fault
        return
      case 'mend link':
        this.#links[action.host] = null
        return
      // One case for each action, although some are alike: the type checker then finds a missing one.
      case 'split':
        this.#split = true
        return
      case 'join':
        this.#split = false
        return
      case 'stop daemon':
      case 'kill daemon':
        this.#daemons[action.host] = 'stopped'
        return
      case 'freeze daemon':
        this.#daemons[action.host] = 'frozen'
        return
      case 'start daemon':
      case 'thaw daemon':
        this.#daemons[action.host] = 'up'
        return
      case 'start node':
      case 'thaw node':
        this.#nodes[action.node] = 'up'
        return
      case 'close node':
      case 'kill node':
        this.#nodes[action.node] = 'down'
        return
      case 'freeze node':
        this.#nodes[action.node] = 'frozen'
        return
      case 'change address':
      case 'restart bus':
      case 'destroy':
      case 'storm':
    }
  }
}
