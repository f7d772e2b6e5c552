// Runs a schedule of faults against nodes on the hosts of a lab. The ledgers check the promises that hold at every
// moment. At the end all faults are repaired, and the mesh has to be full again.
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { type Host, type HostDrop, type Lab, withLab } from '../lab/index.js'
import { closeAll, fullMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import type { NodeSettings } from '../programs/protocol.js'
import {
  type Action,
  type ChaosPlan,
  describe,
  driverOf,
  hasDaemon,
  hostOf,
  type LinkFault,
  nodesOf,
  type Step
} from './schedule.js'

/** Milliseconds after the repair in which the mesh has to be full. */
const WHOLE_AGAIN_MS = 90_000
const DEAD_PEER_MS = 5000

const FILTERS: Partial<Record<LinkFault, HostDrop>> = {
  lossy: { lossPercent: 30 },
  deaf: { direction: 'in' },
  mute: { direction: 'out' },
  undialable: { direction: 'in', tcpSyn: true }
}

/** The result of a run. */
export interface Outcome {
  readonly steps: number
  readonly connections: number
  /** Number of questions that came back unaltered, over connections that have ended. */
  readonly echoed: number
  /** Milliseconds from the last repair to the full mesh. */
  readonly wholeAfterMs: number
}

export interface ChaosOptions {
  readonly plan: ChaosPlan
  readonly steps: readonly Step[]
  /** Another build of the program node.ts. */
  readonly program?: string | undefined
  readonly log: (line: string) => void
}

/** Runs a schedule in a lab of its own, which leaves nothing behind. Rejects if a promise was broken. */
export async function runChaos(options: ChaosOptions): Promise<Outcome> {
  const names = Array.from({ length: options.plan.hosts }, (_, number) => `host${number}`)
  const { plan } = options
  return await withLab(async (lab) => {
    const made = names.map((name, number) => lab.host(name, { avahi: hasDaemon(number, plan) }))
    return await new Chaos(options, lab, await Promise.all(made)).run()
  })
}

/** The state of a node. `failed`: its service could not listen, because its daemon stopped at that moment. */
type State = 'running' | 'frozen' | 'gone'

interface Member {
  readonly host: Host
  readonly driver: string
  state: State
  node: Node | null
}

class Chaos {
  readonly #options: ChaosOptions
  readonly #lab: Lab
  readonly #hosts: readonly Host[]
  readonly #members: Member[]
  readonly #frozenDaemons = new Set<Host>()
  readonly #links = new Map<Host, LinkFault>()
  /** Nodes that have ended, with their events. */
  readonly #past: Node[] = []
  #start = 0

  constructor(options: ChaosOptions, lab: Lab, hosts: readonly Host[]) {
    this.#options = options
    this.#lab = lab
    this.#hosts = hosts
    this.#members = nodesOf(options.plan).map((number) => ({
      host: this.#host(hostOf(number, options.plan)),
      driver: driverOf(hostOf(number, options.plan), options.plan),
      state: 'gone',
      node: null
    }))
  }

  async run(): Promise<Outcome> {
    await Promise.all(this.#members.map((member) => this.#prepareNode(member)))
    // At the same instant, so that their dials cross.
    await Promise.all(this.#running().map((node) => node.ask({ ask: 'listen' })))
    await this.#allListen()
    await fullMesh(this.#running(), WHOLE_AGAIN_MS)
    for (const { ledger } of this.#running()) {
      assert.deepEqual(ledger.all('closed'), [], 'a connection ended before the first fault')
    }
    this.#start = performance.now()
    for (const step of this.#options.steps) {
      await this.#until(step.at)
      this.#options.log(`${this.#now()}  ${describe(step)}`)
      await this.#take(step)
      this.#check()
    }
    await this.#until(this.#options.plan.durationMs)
    await this.#mendAll()
    const mended = performance.now()
    this.#options.log(`${this.#now()}  all is repaired`)
    await fullMesh(this.#running(), WHOLE_AGAIN_MS)
    const wholeAfterMs = Math.round(performance.now() - mended)
    const nodes = this.#running()
    await closeAll(nodes)
    this.#past.push(...nodes)
    this.#check()
    return { ...this.#sum(), wholeAfterMs }
  }

  #now(): string {
    return `${Math.round(performance.now() - this.#start)} ms`.padStart(10)
  }

  async #until(at: number): Promise<void> {
    const left = at - (performance.now() - this.#start)
    if (left > 0) await setTimeout(left)
  }

  async #take(action: Action): Promise<void> {
    switch (action.do) {
      case 'break link':
        return await this.#breakLink(this.#host(action.host), action.fault)
      case 'mend link':
        return await this.#mendLink(this.#host(action.host))
      case 'split': {
        const side = action.hosts.map((host) => this.#host(host))
        return await this.#lab.split(
          side,
          this.#hosts.filter((host) => !side.includes(host))
        )
      }
      case 'join':
        return await this.#lab.join()
      case 'storm':
        return await this.#storm()
      case 'change address':
        await this.#host(action.host).changeAddress()
        return
      case 'stop daemon':
      case 'kill daemon':
      case 'freeze daemon':
      case 'thaw daemon':
      case 'start daemon':
      case 'restart bus':
        return await this.#daemon(this.#host(action.host), action.do)
      case 'start node':
        return await this.#startNode(this.#member(action.node))
      case 'close node':
      case 'kill node':
      case 'freeze node':
      case 'thaw node':
      case 'destroy':
        return await this.#node(this.#member(action.node), action)
    }
  }

  async #breakLink(host: Host, fault: LinkFault): Promise<void> {
    this.#links.set(host, fault)
    const filter = FILTERS[fault]
    if (filter !== undefined) return await host.drop(filter)
    if (fault === 'cut') return await host.cut()
    if (fault === 'unplugged') return await host.cable('out')
    await host.interfaceDown()
  }

  async #mendLink(host: Host): Promise<void> {
    const fault = this.#links.get(host)
    this.#links.delete(host)
    if (fault === 'cut') return await host.restore()
    if (fault === 'unplugged') return await host.cable('in')
    if (fault === 'down') return await host.interfaceUp()
    await host.clearFilters()
  }

  async #daemon(host: Host, what: Action['do']): Promise<void> {
    switch (what) {
      case 'stop daemon':
        await host.avahi.stop()
        return
      case 'kill daemon':
        await host.avahi.kill()
        return
      case 'start daemon':
        return await host.avahi.start()
      case 'freeze daemon':
        this.#frozenDaemons.add(host)
        return await host.avahi.freeze()
      case 'thaw daemon':
        this.#frozenDaemons.delete(host)
        return await host.avahi.thaw()
      default:
        return await host.restartBus()
    }
  }

  async #prepareNode(member: Member): Promise<Node> {
    const { driver } = member
    const settings: NodeSettings = { name: 'chaos', driver, echo: true, deadPeerTimeout: DEAD_PEER_MS }
    const node = await Node.prepare(member.host, settings, this.#options.program)
    member.node = node
    member.state = 'running'
    return node
  }

  /** Does not wait until it listens, so that the next step may come while it starts. */
  async #startNode(member: Member): Promise<void> {
    const node = await this.#prepareNode(member)
    await node.ask({ ask: 'listen' })
  }

  /** Every running node destroys all of its connections, so that both ends dial again at the same time. */
  async #storm(): Promise<void> {
    const awake = this.#members.filter(({ state }) => state === 'running')
    const alive = await Promise.all(awake.map((member) => this.#isAlive(member)))
    const nodes = awake.filter((_, i) => alive[i]).flatMap(({ node }) => node ?? [])
    await Promise.all(nodes.map((node) => node.ask({ ask: 'destroy' })))
  }

  async #node(member: Member, action: Action): Promise<void> {
    const { node } = member
    if (node === null || !(await this.#isAlive(member))) return
    switch (action.do) {
      case 'close node':
        this.#end(member)
        return await closeAll([node])
      case 'kill node':
        this.#end(member)
        await node.process.kill()
        return
      case 'freeze node':
        member.state = 'frozen'
        return await node.process.program.freeze()
      case 'thaw node':
        member.state = 'running'
        return await node.process.program.thaw()
      case 'destroy': {
        const peers = [...node.ledger.open.keys()].sort()
        const peer = peers[('connection' in action ? action.connection : 0) % peers.length]
        if (peer !== undefined) await node.ask({ ask: 'destroy', peer })
      }
    }
  }

  /** A service that could not start because of its daemon has closed, and its process has ended. */
  async #isAlive(member: Member): Promise<boolean> {
    const { node } = member
    if (node === null) return false
    const failure = node.ledger.all('error').find(({ peer }) => peer === null)
    if (failure === undefined) return true
    assert.equal(failure.code, 'ERR_TCPNET_NO_DAEMON', failure.message)
    assert.equal(node.ledger.all('listening').length, 0, 'a service that listened has failed')
    await node.process.ended()
    this.#end(member)
    return false
  }

  #end(member: Member): void {
    if (member.node !== null) this.#past.push(member.node)
    member.node = null
    member.state = 'gone'
  }

  async #mendAll(): Promise<void> {
    await this.#lab.join()
    for (const [number, host] of this.#hosts.entries()) {
      if (this.#links.has(host)) await this.#mendLink(host)
      if (this.#frozenDaemons.has(host)) await this.#daemon(host, 'thaw daemon')
      if (hasDaemon(number, this.#options.plan) && !host.avahi.running) await host.avahi.start()
    }
    for (const member of this.#members) {
      if (member.state === 'frozen') await this.#node(member, { do: 'thaw node', node: 0 })
    }
    for (const member of this.#members) {
      if (!(await this.#listens(member))) await this.#startNode(member)
    }
    await this.#allListen()
  }

  async #allListen(): Promise<void> {
    for (const node of this.#running()) await node.event('listening', 'the service does not listen')
  }

  /** Resolves when it listens or has failed, with whether it listens. */
  async #listens(member: Member): Promise<boolean> {
    const { node } = member
    if (node === null) return false
    await node.until((ledger) => ledger.all('listening')[0] ?? ledger.all('error')[0], 'it neither listens nor fails')
    return await this.#isAlive(member)
  }

  /** Reads the events of all nodes. A ledger throws if a promise is broken. */
  #check(): void {
    for (const node of [...this.#running(), ...this.#past]) node.process.refresh()
  }

  #sum(): { steps: number; connections: number; echoed: number } {
    const closed = this.#past.flatMap((node) => node.ledger.all('closed'))
    return {
      steps: this.#options.steps.length,
      connections: this.#past.reduce((sum, node) => sum + node.ledger.all('connection').length, 0),
      echoed: closed.reduce((sum, { echoed }) => sum + echoed, 0)
    }
  }

  #running(): Node[] {
    return this.#members.map(({ node }) => node).filter((node) => node !== null)
  }

  #host(number: number): Host {
    return this.#hosts[number] ?? assert.fail(`there is no host ${number}`)
  }

  #member(number: number): Member {
    return this.#members[number] ?? assert.fail(`there is no node ${number}`)
  }
}
