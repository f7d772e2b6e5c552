import { type Holding, isOvertaken, type ReceivedHello, type Verdict } from '#tcpnet/mesh/pairing.js'
import type { Emit, Model } from './explore.js'
import { crash, destroy, dropUnread, learn, sayHello, waiting, wakeUp, withdraw } from './moves.js'
import {
  type Conn,
  clone,
  connWith,
  decode,
  encode,
  endOf,
  isHealthy,
  isOpen,
  type Node,
  otherOf,
  setEnd,
  show,
  type World
} from './world.js'

/**
 * A pairing rule. `lastBoot` is the boot in the last hello or answer of the applicant's uuid, null if there was none.
 */
export type Rule = (self: string, applicant: ReceivedHello, holding: Holding, lastBoot: string | null) => Verdict

/** Faults, which may happen at any moment and any number of times. */
export type Fault =
  /** A node crashes and restarts at once with another boot; the kernel closes its connections. */
  | 'crash'
  /** A connection is cut without a packet: each end notices at a time of its own. */
  | 'cut'
  /** The application destroys its socket. */
  | 'destroy'
  /** A dial fails before its hello is out. */
  | 'fail'
  /** A dial whose hello is sent is given up at its deadline. */
  | 'give up'
  /** The announcement of a peer is lost. */
  | 'withdraw'

export interface Setting {
  readonly rule: Rule
  /** Which nodes discovery tells of the other one. */
  readonly learns: readonly [boolean, boolean]
  /** Which nodes' dials can arrive. */
  readonly reaches: readonly [boolean, boolean]
  readonly faults: readonly Fault[]
  /** How many connections exist at once, including those whose end only one side has seen yet. */
  readonly maxConns: number
  /**
   * Requires that no node closes a healthy connection. The hello of a dial that is given up, or whose node crashed, is
   * dropped then: under any rule a late hello can cost a healthy connection, if the acceptor has not received the
   * dialer's next hello.
   */
  readonly calm?: boolean
  /** Hellos do not contain the number of their dial. */
  readonly uncounted?: boolean
  /** Keeps the last boot of the peer, for a rule that uses it. */
  readonly remembersBoots?: boolean
}

const UUIDS = ['0A', 'B'] as const
const NODES = [0, 1] as const

/**
 * Two nodes, everything between them, and every order of events: a model of src/mesh/mesh.ts around a pairing rule. A
 * step is one event with the reconcile that follows it: reconcile runs in the next tick, so no event comes between.
 */
export function pairModel(setting: Setting): Model {
  const initial: World = {
    sides: [
      { link: 'i', knows: false, accepted: 0, lastBoot: -1, heardBoot: 0, heardDial: 0 },
      { link: 'i', knows: false, accepted: 0, lastBoot: -1, heardBoot: 0, heardDial: 0 }
    ],
    conns: []
  }
  return {
    initial: encode(initial),
    successors: (key, emit) => new Steps(setting, key, emit).all(),
    isGoal: (key) => isGoal(decode(key)),
    show
  }
}

/** Both nodes are connected over the same connection, and nothing else is left. */
function isGoal({ sides, conns }: World): boolean {
  const [conn] = conns
  const connected = sides[0].link === 'c' && sides[1].link === 'c'
  return connected && conns.length === 1 && conn !== undefined && conn.dialerEnd === 'S' && isHealthy(conn)
}

/** The steps that lead from one state to others. */
class Steps {
  readonly #setting: Setting
  readonly #world: World
  readonly #emit: Emit
  /** What went wrong in the step at hand. */
  #wrong: string | null = null

  constructor(setting: Setting, key: string, emit: Emit) {
    this.#setting = setting
    this.#world = decode(key)
    this.#emit = emit
  }

  all(): void {
    for (const node of NODES) this.#ofNode(node)
    for (const [index, conn] of this.#world.conns.entries()) {
      this.#ofConn(index, conn)
      for (const node of NODES) this.#ofEnd(index, conn, node)
    }
  }

  #ofNode(node: Node): void {
    const { link, knows } = this.#world.sides[node]
    const { learns, reaches, maxConns } = this.#setting
    if (learns[node] && !knows) this.#step('slow', `${node} learns of ${otherOf(node)}`, (world) => learn(world, node))
    if (link === 'u') {
      if (reaches[node] && this.#world.conns.length < maxConns)
        this.#step('prompt', `${node} says hello`, (world) => sayHello(world, node))
      this.#step(reaches[node] ? 'fault' : 'slow', `${node}'s dial fails`, (world) => this.#wait(world, node), 'fail')
    }
    if (link === 'w') this.#step('slow', `${node}'s timer ends`, (world) => wakeUp(world, node))
    if (link === 's') this.#step('fault', `${node} gives its dial up`, (world) => this.#giveUp(world, node), 'give up')
    if (link === 'c') this.#step('fault', `${node}'s application destroys`, (world) => destroy(world, node), 'destroy')
    if (knows) this.#step('fault', `${otherOf(node)} is withdrawn`, (world) => withdraw(world, node), 'withdraw')
    this.#step('fault', `${node} crashes`, (world) => this.#crash(world, node), 'crash')
  }

  #ofConn(index: number, conn: Conn): void {
    const { cut, dialerEnd, acceptorEnd, answer } = conn
    if (cut) return
    this.#stepOn('fault', 'a connection is cut', index, (_world, conn) => (conn.cut = true), 'cut')
    if (acceptorEnd === 'R') {
      this.#stepOn('prompt', 'a hello arrives', index, (world, conn) => this.#onHello(world, conn))
    }
    if (dialerEnd === 'D' && answer !== '-') {
      this.#stepOn('prompt', 'an answer arrives', index, (world, conn) => this.#onAnswer(world, conn))
    }
  }

  #ofEnd(index: number, conn: Conn, node: Node): void {
    const [end, other] = [endOf(conn, node), endOf(conn, otherOf(node))]
    const noticed = (world: World, conn: Conn) => this.#onEnd(world, conn, node)
    if (end === 'X') this.#stepOn('prompt', `${node}'s socket tells its close`, index, noticed)
    if (!isOpen(end)) return
    // If the other end closed, a reset may discard the lines that it had sent before.
    if (conn.cut) this.#stepOn('slow', `${node} notices the cut`, index, noticed)
    else if (!isOpen(other)) this.#stepOn('prompt', `${node} sees the end`, index, noticed)
  }

  #stepOn(
    kind: 'fault' | 'prompt' | 'slow',
    label: string,
    index: number,
    change: (world: World, conn: Conn) => unknown,
    fault?: Fault
  ): void {
    const name = `${label} (${index})`
    const apply = (world: World) => {
      const conn = world.conns[index]
      if (conn !== undefined) change(world, conn)
    }
    this.#step(kind, name, apply, fault)
  }

  #step(kind: 'fault' | 'prompt' | 'slow', label: string, change: (world: World) => unknown, fault?: Fault): void {
    if (kind === 'fault' && fault !== undefined && !this.#setting.faults.includes(fault)) return
    const world = clone(this.#world)
    this.#wrong = null
    change(world)
    for (const node of NODES) settle(world, node)
    if (this.#wrong === null) this.#emit.step(kind, label, encode(world))
    else this.#emit.violation(this.#wrong, label)
  }

  #onHello(world: World, conn: Conn): void {
    const node = otherOf(conn.dialer)
    if (this.#isOvertaken(world, conn, node)) {
      conn.answer = 'c'
      conn.acceptorEnd = '-'
      return
    }
    const older = connWith(world, node, 'A')
    if (older !== undefined) older.acceptorEnd = '-'
    conn.acceptorEnd = 'A'
    this.#reconcile(world, node)
  }

  /** Link.hears. */
  #isOvertaken(world: World, conn: Conn, node: Node): boolean {
    if (this.#setting.uncounted) return false
    const side = world.sides[node]
    const hello = { boot: String(conn.dialerBoot), dial: conn.helloDial }
    if (side.heardDial > 0 && isOvertaken(hello, { boot: String(side.heardBoot), dial: side.heardDial })) return true
    side.heardBoot = conn.dialerBoot
    side.heardDial = conn.helloDial
    return false
  }

  #onAnswer(world: World, conn: Conn): void {
    const node = conn.dialer
    if (conn.answer === 'o') {
      if (this.#setting.remembersBoots) world.sides[node].lastBoot = conn.acceptorBoot
      world.sides[node].link = 'c'
      this.#show(world, conn, node)
    } else {
      conn.dialerEnd = '-'
      world.sides[node].link = waiting(world, node)
    }
    conn.answer = '-'
    this.#reconcile(world, node)
  }

  /** A node's end of a connection has closed, and the node has noticed. */
  #onEnd(world: World, conn: Conn, node: Node): void {
    const end = endOf(conn, node)
    setEnd(conn, node, '-')
    if (end === 'R' || end === 'A') return
    const side = world.sides[node]
    if (side.link === 'x') {
      side.link = 'i'
      this.#reconcile(world, node)
    } else this.#wait(world, node)
  }

  #giveUp(world: World, node: Node): void {
    const conn = connWith(world, node, 'D')
    if (conn !== undefined) conn.dialerEnd = '-'
    if (this.#setting.calm) dropUnread(world, node)
    this.#wait(world, node)
  }

  #crash(world: World, node: Node): void {
    crash(world, node)
    if (this.#setting.calm) dropUnread(world, node)
  }

  #wait(world: World, node: Node): void {
    world.sides[node].link = waiting(world, node)
    this.#reconcile(world, node)
  }

  /** Mesh.#reconcile and Mesh.#answer: an applicant is answered as soon as the rule has an answer. */
  #reconcile(world: World, node: Node): void {
    const conn = connWith(world, node, 'A')
    const side = world.sides[node]
    const holding = holdingOf(world, node)
    if (conn === undefined || holding === null) return
    const boot = String(conn.dialerBoot)
    const last = side.lastBoot < 0 ? null : String(side.lastBoot)
    const applicant = { from: UUIDS[conn.dialer], boot, seq: conn.helloSeq }
    const verdict = this.#setting.rule(UUIDS[node], applicant, holding, last)
    if (verdict === 'accept') this.#accept(world, conn, node)
    if (verdict === 'decline') {
      conn.answer = 'c'
      conn.acceptorEnd = '-'
    }
    if (verdict === 'replace' && side.link === 'c') {
      const old = connWith(world, node, 'S')
      if (old !== undefined) this.#destroyOld(old, node, conn)
      side.link = 'x'
    }
  }

  #accept(world: World, conn: Conn, node: Node): void {
    const side = world.sides[node]
    const ours = connWith(world, node, 'D')
    if (ours !== undefined) {
      if (isHealthy(ours) && this.#setting.calm) this.#wrong = 'no healthy connection is closed'
      ours.dialerEnd = '-'
    }
    side.accepted++
    if (this.#setting.remembersBoots) side.lastBoot = conn.dialerBoot
    conn.okSeq = side.accepted
    conn.answer = 'o'
    side.link = 'c'
    this.#show(world, conn, node)
  }

  #destroyOld(old: Conn, node: Node, hello: Conn): void {
    if (isHealthy(old) && this.#setting.calm) this.#wrong = 'no healthy connection is closed'
    // A node has one dial at a time: it dialed the present one after it gave up the other.
    const isLater = old.dialer === hello.dialer && old.dialerBoot === hello.dialerBoot
    if (isHealthy(old) && isLater) this.#wrong = 'no hello closes what was dialed after it'
    setEnd(old, node, 'X')
  }

  #show(world: World, conn: Conn, node: Node): void {
    if (connWith(world, node, 'SX') !== undefined) this.#wrong = 'close comes before the next connection'
    setEnd(conn, node, 'S')
  }
}

/**
 * The step that follows at once if a link is idle: it begins a dial, or is forgotten with the hellos that it received.
 */
function settle(world: World, node: Node): void {
  const side = world.sides[node]
  if (side.link !== 'i') return
  if (side.knows) side.link = 'u'
  else if (connWith(world, node, 'A') === undefined) Object.assign(side, { heardBoot: 0, heardDial: 0 })
}

/** Link.holding. */
function holdingOf(world: World, node: Node): Holding | null {
  const { link } = world.sides[node]
  if (link === 'x') return null
  if (link === 'u' || link === 's') return { kind: 'dial', sent: link === 's' }
  const conn = connWith(world, node, 'SX')
  if (link !== 'c' || conn === undefined) return { kind: 'nothing' }
  return conn.dialer === node
    ? { kind: 'connection', dialer: 'self', seq: conn.okSeq, boot: String(conn.acceptorBoot) }
    : { kind: 'connection', dialer: 'peer', seq: 0, boot: String(conn.dialerBoot) }
}
