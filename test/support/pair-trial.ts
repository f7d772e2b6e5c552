import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Instance } from '#tcpnet/discovery/discovery.js'
import { ConnectBudget } from '#tcpnet/mesh/connect-budget.js'
import { type Answer, decodeAnswer, decodeHello } from '#tcpnet/mesh/hello.js'
import { DEFAULT_LIMITS } from '#tcpnet/mesh/limits.js'
import { Mesh } from '#tcpnet/mesh/mesh.js'
import { isOvertaken, type Numbered } from '#tcpnet/mesh/pairing.js'
import { plain } from '#tcpnet/security/security.js'
import { ScriptedSocket } from './scripted-socket.js'
import { type Conn, type End, encode, encodeConn, type LinkKind, type Node, otherOf, type World } from './world.js'

const UUIDS = ['0A', 'B'] as const
const DIAL_MS = 77_777
/** After this time a dial would ask where the peer is, or try other endpoints. That makes no difference here, so the timer never ends. */
const SLOW_MS = 66_666
const LIMITS = {
  ...DEFAULT_LIMITS,
  maxDials: 1,
  maxPeers: 9,
  maxHellos: 9,
  maxHellosPerAddress: 9,
  helloTimeoutMs: DIAL_MS,
  slowAfterMs: SLOW_MS,
  silentAfterMs: SLOW_MS
}
/** Turns of the event loop after which a step has had all of its effects: a dial starts in the second one. */
const TURNS = 3
const KINDS: Record<string, LinkKind> = { announced: 'i', connected: 'c', closing: 'x', waiting: 'w' }

interface Timer {
  readonly owner: Node
  readonly callback: () => void
  readonly ms: number
}

/** A side: the real mesh, and what the network holds for it. */
interface Side {
  readonly mesh: Mesh
  /** The mesh's dial that has not connected yet. */
  pending: ScriptedSocket | null
  /** The sockets that its application received. */
  readonly shown: Set<unknown>
  accepted: number
  heard: Numbered | null
}

/** A connection whose hello is sent. */
interface Wire {
  readonly dialer: Node
  readonly hello: { readonly boot: string; readonly seq: number; readonly dial: number }
  readonly near: ScriptedSocket
  readonly far: ScriptedSocket
  /** How often each side had crashed before. */
  readonly ages: readonly [number, number]
  admitted: boolean
  /** Its hello does not arrive any more. */
  unreadable: boolean
  answerRead: boolean
  cut: boolean
}

/**
 * Has two meshes of src/mesh take the steps of the model of test/support/pair-model.ts, over scripted sockets and
 * timers. `world()` is their observable state, in the form of the model.
 */
export class PairTrial {
  readonly #timers = new Set<Timer>()
  readonly #crashes: [number, number] = [0, 0]
  #acting: Node = 0
  #sides: [Side, Side]
  #wires: Wire[] = []

  private constructor() {
    this.#sides = [this.#side(0), this.#side(1)]
  }

  /** Runs with timers that end only by a trial's steps. */
  static async run(body: (trial: () => PairTrial) => Promise<void>): Promise<void> {
    let current: PairTrial | null = null
    const { setTimeout, clearTimeout } = globalThis
    const set = (callback: () => void, ms = 0) => current?.addTimer(callback, ms)
    const clear = (timer: unknown) => current?.dropTimer(timer)
    // Not a mock of node:test, which keeps every call.
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear })
    try {
      await body(() => {
        current = new PairTrial()
        return current
      })
    } finally {
      Object.assign(globalThis, { setTimeout, clearTimeout })
    }
  }

  addTimer(callback: () => void, ms: number): Timer {
    const timer = { owner: this.#acting, callback, ms }
    this.#timers.add(timer)
    return timer
  }

  dropTimer(timer: unknown): void {
    this.#timers.delete(timer as Timer)
  }

  /**
   * Takes the step with this label of the model. `conns` are the connections of the state before, in the order of its
   * name.
   */
  async step(label: string): Promise<void> {
    const [, subject, what, index] = /^(\d|an?)(?:'s)? (.*?)(?: \((\d)\))?$/.exec(label) ?? assert.fail(label)
    const wire = index === undefined ? undefined : this.#inOrder()[Number(index)]
    if (wire === undefined) this.#ofNode(subject === '0' ? 0 : 1, what ?? '')
    else this.#ofWire(wire, subject === '0' ? 0 : 1, what ?? '')
    for (let turn = 0; turn < TURNS; turn++) await setImmediate()
    for (const node of [0, 1] as const) {
      this.#lookForHello(node)
      const side = this.#sides[node]
      if (!side.mesh.peers().has(UUIDS[otherOf(node)])) side.heard = null
    }
    this.#wires = this.#wires.filter((wire) => this.#endOf(wire, 0) !== '-' || this.#endOf(wire, 1) !== '-')
  }

  /** The observable state, as its canonical name. */
  name(): string {
    return encode(this.#world())
  }

  #ofNode(node: Node, what: string): void {
    this.#acting = node
    const { mesh, pending } = this.#sides[node]
    switch (what) {
      case `learns of ${otherOf(node)}`:
        mesh.hint(instanceOf(otherOf(node)))
        return mesh.seen(UUIDS[otherOf(node)])
      case 'is withdrawn':
        this.#acting = otherOf(node)
        return this.#sides[otherOf(node)].mesh.gone(UUIDS[node])
      case 'says hello':
        return void pending?.emit('connect')
      case 'dial fails':
        return void pending?.destroy(new Error('connection refused'))
      case 'timer ends':
        return this.#endTimers(node, (ms) => ms !== DIAL_MS && ms !== SLOW_MS)
      case 'gives its dial up':
        return this.#endTimers(node, (ms) => ms === DIAL_MS)
      case 'application destroys':
        return this.#destroyShown(node)
      case 'crashes':
        return this.#crash(node)
      default:
        assert.fail(`an unknown step: ${what}`)
    }
  }

  #ofWire(wire: Wire, node: Node, what: string): void {
    const end = wire.dialer === node ? wire.near : wire.far
    switch (what) {
      case 'connection is cut':
        wire.cut = true
        return
      case 'hello arrives':
        return this.#admit(wire)
      case 'answer arrives':
        this.#acting = wire.dialer
        wire.answerRead = true
        return void wire.near.push(`${wire.far.lines[0]}\n`)
      case 'socket tells its close':
        this.#acting = node
        return end.tellClose()
      case 'notices the cut':
      case 'sees the end':
        this.#acting = node
        wire.unreadable ||= wire.dialer !== node
        end.holdsClose = false
        return void end.destroy(what === 'sees the end' ? undefined : new Error('the connection was cut'))
      default:
        assert.fail(`an unknown step: ${what}`)
    }
  }

  #side(node: Node): Side {
    const shown = new Set<unknown>()
    const mesh = new Mesh({
      name: 'x',
      uuid: UUIDS[node],
      boot: bootOf(node, this.#crashes[node]),
      security: plain,
      limits: LIMITS,
      locate: async () => instanceOf(otherOf(node)),
      port: () => null,
      budget: new ConnectBudget(),
      replacements: { perSecond: 1, burst: 1e6 },
      connect: () => {
        const pending = new ScriptedSocket()
        side.pending = pending
        return pending.socket
      },
      onConnection: (socket) => this.#show(node, shown, socket),
      onDisconnected: (socket) => shown.delete(socket),
      onDialFailed: () => {},
      onRejected: (error) => assert.fail(error)
    })
    const side: Side = { mesh, pending: null, shown, accepted: 0, heard: null }
    return side
  }

  #show(node: Node, shown: Set<unknown>, socket: Socket): void {
    assert.equal(shown.size, 0, 'close comes before the next connection')
    shown.add(socket)
    const wire = this.#wires.find(({ near, far }) => near.socket === socket || far.socket === socket)
    const end = wire?.near.socket === socket ? wire.near : wire?.far
    assert.ok(end !== undefined)
    end.holdsClose = true
    if (wire?.dialer !== node) this.#sides[node].accepted++
  }

  /** A connection counts as one of the model as soon as its hello is sent. */
  #lookForHello(node: Node): void {
    const near = this.#sides[node].pending
    if (near?.lines[0] === undefined) return
    const hello = decodeHello(near.lines[0])
    if (hello instanceof Error) throw hello
    const { boot, seq, dial } = hello
    this.#sides[node].pending = null
    this.#wires.push({
      dialer: node,
      hello: { boot, seq, dial: dial ?? assert.fail('dials are numbered') },
      near,
      far: new ScriptedSocket(),
      ages: [...this.#crashes],
      admitted: false,
      unreadable: false,
      answerRead: false,
      cut: false
    })
  }

  #admit(wire: Wire): void {
    const node = otherOf(wire.dialer)
    this.#acting = node
    const side = this.#sides[node]
    wire.admitted = true
    if (side.heard === null || !isOvertaken(wire.hello, side.heard)) side.heard = wire.hello
    side.mesh.admit(wire.far.socket)
    wire.far.push(`${wire.near.lines[0]}\n`)
  }

  #crash(node: Node): void {
    this.#crashes[node]++
    for (const timer of this.#timers) if (timer.owner === node) this.#timers.delete(timer)
    for (const wire of this.#wires) {
      const end = wire.dialer === node ? wire.near : wire.far
      // The mesh keeps its listeners even if another module removes all listeners of the socket.
      EventEmitter.prototype.removeAllListeners.call(end)
      end.on('error', () => {})
      end.holdsClose = false
      end.destroy()
      end.tellClose()
      wire.unreadable ||= wire.dialer !== node
    }
    this.#sides[node] = this.#side(node)
  }

  #endTimers(node: Node, isMeant: (ms: number) => boolean): void {
    const timers = [...this.#timers].filter(({ owner, ms }) => owner === node && isMeant(ms))
    assert.equal(timers.length, 1, 'one timer runs')
    for (const timer of timers) {
      this.#timers.delete(timer)
      timer.callback()
    }
  }

  /** Does nothing if the application's socket is destroyed already. */
  #destroyShown(node: Node): void {
    const wire = this.#wires.find((wire) => this.#endOf(wire, node) === 'S')
    const end = wire?.dialer === node ? wire.near : wire?.far
    end?.destroy()
  }

  #endOf(wire: Wire, node: Node): End {
    const end = wire.dialer === node ? wire.near : wire.far
    if (this.#crashes[node] !== wire.ages[node]) return '-'
    if (this.#sides[node].shown.has(end)) return end.destroyed ? 'X' : 'S'
    if (wire.dialer === node) return end.destroyed ? '-' : 'D'
    if (!wire.admitted) return wire.unreadable ? '-' : 'R'
    return end.destroyed ? '-' : 'A'
  }

  /** The wires in the order of the model's name of this state. */
  #inOrder(): Wire[] {
    const conns = this.#wires.map((wire) => this.#conn(wire))
    const wires = new Map(conns.map((conn, n) => [conn, this.#wires[n] ?? assert.fail()]))
    const world = { ...this.#world(), conns }
    encode(world)
    return world.conns.sort((a, b) => encodeConn(a) - encodeConn(b)).map((conn) => wires.get(conn) ?? assert.fail())
  }

  #world(): World {
    return { sides: [this.#ofSide(0), this.#ofSide(1)], conns: this.#wires.map((wire) => this.#conn(wire)) }
  }

  #ofSide(node: Node): World['sides'][0] {
    const { mesh, accepted, heard } = this.#sides[node]
    const other = otherOf(node)
    const peer = mesh.peers().get(UUIDS[other])
    const isSent = this.#wires.some((wire) => wire.dialer === node && this.#endOf(wire, node) === 'D')
    const link = peer?.state === 'dialing' ? (isSent ? 's' : 'u') : (KINDS[peer?.state ?? 'announced'] ?? assert.fail())
    return {
      link,
      knows: peer?.announced ?? false,
      accepted,
      lastBoot: -1,
      heardBoot: heard === null ? 0 : this.#crashes[other] - ageOf(heard.boot),
      heardDial: heard?.dial ?? 0
    }
  }

  #conn(wire: Wire): Conn {
    const { dialer, hello, ages, cut } = wire
    const acceptor = otherOf(dialer)
    const answer = answerOf(wire.far)
    return {
      dialer,
      dialerBoot: this.#crashes[dialer] - ages[dialer],
      acceptorBoot: this.#crashes[acceptor] - ages[acceptor],
      helloSeq: hello.seq,
      helloDial: hello.dial,
      okSeq: answer?.status === 'ok' ? answer.seq : 0,
      answer: answer === null || wire.answerRead ? '-' : answer.status === 'ok' ? 'o' : 'c',
      dialerEnd: this.#endOf(wire, dialer),
      acceptorEnd: this.#endOf(wire, acceptor),
      cut
    }
  }
}

function answerOf(end: ScriptedSocket): Answer | null {
  const [line] = end.lines
  if (line === undefined) return null
  const answer = decodeAnswer(line)
  if (answer instanceof Error) throw answer
  return answer
}

function instanceOf(node: Node): Instance {
  const paths = [{ interfaceIndex: 0, family: 4, address: '192.0.2.1' }] as const
  return { uuid: UUIDS[node], host: 'alpha.local', port: 4000, txt: { v: '1' }, paths }
}

function bootOf(node: Node, age: number): string {
  return `${node}${age.toString(16).padStart(15, '0')}`
}

function ageOf(boot: string): number {
  return Number.parseInt(boot.slice(1), 16)
}
