// Containers as hosts of a laboratory: what `docker run` and a compose file make, as far as network namespaces can be that.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import type { Host } from '../lab/host.js'
import type { Lab } from '../lab/lab.js'
import type { Program } from '../lab/program.js'
import { until } from './wait.js'

/** The examples for containers, each image a folder. */
export const EXAMPLES = fileURLToPath(new URL('../../../examples/containers/', import.meta.url))
/** Where the image `avahi` has its files. */
const AVAHI = '/opt/avahi/'
/** Where the system's bus is. */
const BUS = '/run/dbus'
/** The network of compose's services, which nothing else is on. */
const COMPOSE_NETWORK = 'compose'

export interface Container {
  readonly name: string
  readonly image: string
  /** A network's name, `host`, or `container:` and the name of another container. */
  readonly network: string
  /** `bus:/run/dbus` */
  readonly volumes: readonly string[]
  /** In place of the image's own. */
  readonly command: readonly string[]
  /** What has to succeed before others are started. */
  readonly ready: readonly string[] | null
}

/** The containers that the lines of a block of shell commands run. Fails where a line is anything else. */
export function containersIn(block: string): Container[] {
  return block
    .trim()
    .split('\n')
    .map((line) => {
      const [docker, run, ...args] = line.split(' ')
      assert.deepEqual([docker, run], ['docker', 'run'], line)
      const { values, positionals } = parseArgs({
        args,
        allowPositionals: true,
        options: {
          detach: { type: 'boolean' },
          name: { type: 'string' },
          network: { type: 'string' },
          volume: { type: 'string', multiple: true },
          'security-opt': { type: 'string' }
        }
      })
      const [image = '', ...command] = positionals
      const ready = image === 'avahi' ? [`${AVAHI}ready`] : null
      return {
        name: text(values.name),
        image,
        network: text(values.network),
        volumes: values.volume ?? [],
        command,
        ready
      }
    })
}

/** The part of a compose file that is understood here: other keys fail. */
interface Compose {
  services: Record<
    string,
    {
      build: string
      volumes: string[]
      command?: string[]
      depends_on?: Record<string, { condition: string }>
      healthcheck?: { test: string[]; interval: string; retries: number }
    }
  >
  volumes: Record<string, null>
}

/** The services of a compose file, each after those that it depends on. */
export function containersOf(file: string): Container[] {
  const { services, volumes, ...rest } = parse(file) as Compose
  assert.deepEqual(rest, {})
  const containers = Object.entries(services).map(([name, { build, healthcheck, command = [], ...service }]) => {
    const { depends_on = {}, volumes: mounted, ...other } = service
    assert.deepEqual(other, {}, name)
    for (const volume of mounted) assert.ok((volume.split(':')[0] ?? '') in volumes, volume)
    const ready = healthcheck?.test.slice(1) ?? null
    return {
      name,
      image: build,
      network: COMPOSE_NETWORK,
      volumes: mounted,
      command,
      ready,
      after: Object.keys(depends_on)
    }
  })
  for (const { name, after } of containers) {
    const before = containers
      .slice(
        0,
        containers.findIndex((one) => one.name === name)
      )
      .map((one) => one.name)
    assert.ok(
      after.every((other) => before.includes(other)),
      `${name} is started after what it depends on`
    )
  }
  return containers.map(({ after: _, ...container }) => container)
}

/** Runs containers in a laboratory: programs by name. The machine that they are on has an avahi-daemon, and is on their networks. */
export class Engine {
  readonly #lab: Lab
  readonly #hosts = new Map<string, Host>()
  /** Where the daemon is whose bus a volume has. */
  readonly #buses = new Map<string, Host>()
  #machine: Host | undefined

  constructor(lab: Lab) {
    this.#lab = lab
  }

  /** Starts containers, one after the other: each when those before it are ready. */
  async run(containers: readonly Container[]): Promise<Map<string, Program>> {
    const needsMachine = containers.some(({ network, volumes }) => network === 'host' || busIn(volumes) === BUS)
    if (needsMachine) {
      const networks = new Set(containers.map(({ network }) => network).filter(isOwn))
      this.#machine = await this.#lab.host('machine', { lans: ['lan', ...networks] })
      this.#buses.set(BUS, this.#machine)
    }
    const programs = new Map<string, Program>()
    for (const container of containers) programs.set(container.name, await this.#start(container))
    return programs
  }

  async #start({ name, image, network, volumes, command, ready }: Container): Promise<Program> {
    const bus = busIn(volumes)
    const keeper = bus === null ? undefined : this.#buses.get(bus)
    const host = this.#shared(network) ?? (await this.#make(name, network, keeper))
    this.#hosts.set(name, host)
    if (image === 'avahi' && bus !== null) this.#buses.set(bus, host)
    const own = image === 'avahi' ? [`${AVAHI}start`] : ['node', 'member.js']
    const program = await host.run(this.#command(image, command.length > 0 ? command : own, keeper === undefined), {
      cwd: `${EXAMPLES}${image}`
    })
    if (ready !== null) await this.#becomesReady(host, program, ready.map(inExamples))
    return program
  }

  /** The host that a container shares with another one, or with the machine. */
  #shared(network: string): Host | undefined {
    return network === 'host' ? this.#machine : this.#hosts.get(network.replace('container:', ''))
  }

  /** As engines make bridges: with multicast snooping, without IPv6. */
  async #make(name: string, network: string, keeper: Host | undefined): Promise<Host> {
    const bus = keeper === undefined ? { avahi: false } : { busOf: keeper }
    const host = await this.#lab.host(name, { lans: [network], ipv6: false, ...bus })
    await this.#lab.snoop()
    return host
  }

  /** Without any capability, but where the laboratory's way to another host's bus needs them. */
  #command(image: string, command: readonly string[], isBare: boolean): string[] {
    const [program = '', ...args] = command.map(inExamples)
    const drop = isBare && image !== 'avahi' ? ['setpriv', '--bounding-set', '-all'] : []
    return [...drop, program === 'node' ? process.execPath : program, ...args]
  }

  async #becomesReady(host: Host, program: Program, command: readonly string[]): Promise<void> {
    const isReady = () =>
      host.exec(command).then(
        () => true,
        () => false
      )
    await until(isReady, 'the container is not ready').catch((error: Error) => {
      throw new Error(`${error.message}: ${program.stderr}`)
    })
  }
}

function inExamples(argument: string): string {
  return argument.startsWith(AVAHI) ? `${EXAMPLES}avahi/${argument.slice(AVAHI.length)}` : argument
}

/** What is mounted where the bus is: a folder of the machine, or the name of a volume. */
function busIn(volumes: readonly string[]): string | null {
  const mounted = volumes.map((volume) => volume.split(':')).find(([, target]) => target === BUS)
  return mounted?.[0] ?? null
}

/** Whether it is a network that was made for containers. */
function isOwn(network: string): boolean {
  return network !== 'host' && !network.startsWith('container:')
}

function text(value: string | undefined): string {
  return value ?? assert.fail('an option is missing')
}
