import type { Model } from './explore.js'
import { decode, encode, endOf, isOpen, type Node, otherOf } from './world.js'

/** A step between two states of a model, with what a node sees of it. */
export interface Step {
  readonly label: string
  readonly to: number
  /** What the acting node sees of the step: steps with the same text count as one. Null if no node acts. */
  readonly seen: string | null
}

/** How many states are searched for a step nearby. */
const NEARBY = 200

/** Every state of a pair model, breadth first, with its steps and a shortest path to it. */
export class Coverage {
  readonly keys: string[] = []
  readonly steps: Step[][] = []
  readonly #ids = new Map<string, number>()
  /** Of each state, the state before it and the step that leads to it. */
  readonly #ways: { from: number; step: Step }[] = []
  readonly #todo = new Set<string>()

  constructor(model: Model) {
    this.#add(model.initial)
    for (let id = 0; id < this.keys.length; id++) this.#expand(model, id)
  }

  /** How many of the steps that look different to a node are not taken yet. */
  get left(): number {
    return this.#todo.size
  }

  /** Whether a state has a step that is not taken yet. */
  isOpen(id: number): boolean {
    return this.steps[id]?.some((step) => this.#isTodo(step)) ?? false
  }

  /** The steps to the nearest step that is not taken yet, including that one; empty if there is none nearby. */
  nearest(start: number): Step[] {
    const ways = new Map<number, Step[]>([[start, []]])
    for (const [id, way] of ways) {
      const steps = this.steps[id] ?? []
      const step = steps.find((step) => this.#isTodo(step))
      if (step !== undefined) return [...way, step]
      if (ways.size > NEARBY) continue
      for (const step of steps) if (!ways.has(step.to)) ways.set(step.to, [...way, step])
    }
    return []
  }

  taken({ seen }: Step): void {
    if (seen !== null) this.#todo.delete(seen)
  }

  /** The steps of a shortest path to a state. */
  wayTo(id: number): Step[] {
    const steps: Step[] = []
    for (let way = this.#ways[id]; way !== undefined; way = this.#ways[way.from]) steps.push(way.step)
    return steps.reverse()
  }

  #isTodo({ seen }: Step): boolean {
    return seen !== null && this.#todo.has(seen)
  }

  #add(key: string): number {
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    this.#ids.set(key, this.keys.length)
    return this.keys.push(key) - 1
  }

  #expand(model: Model, from: number): void {
    const steps: Step[] = []
    const key = this.keys[from] ?? ''
    model.successors(key, {
      step: (_kind, label, next) => {
        const count = this.keys.length
        const to = this.#add(next)
        const node = actorOf(key, label)
        const kind = label.replace(/ \(\d\)$/, '')
        const seen = node === null ? null : `${kind} ${viewOf(key, node)} ${viewOf(next, node)}`
        const step = { label, to, seen }
        steps.push(step)
        if (seen !== null) this.#todo.add(seen)
        if (to === count) this.#ways[to] = { from, step }
      },
      violation: (property, label) => {
        throw new Error(`${property} does not hold: ${label}`)
      }
    })
    this.steps.push(steps)
  }
}

/** The node whose mesh acts in a step. */
function actorOf(key: string, label: string): Node | null {
  const conn = decode(key).conns[Number(/\((\d)\)$/.exec(label)?.[1])]
  if (label.startsWith('a hello') && conn !== undefined) return otherOf(conn.dialer)
  if (label.startsWith('an answer') && conn !== undefined) return conn.dialer
  if (label.startsWith('a connection')) return null
  const node = label.startsWith('0') ? 0 : 1
  return label.endsWith('is withdrawn') ? otherOf(node) : node
}

/**
 * The part of a state that can make a difference to a node: without the other side, except lines and ends under way.
 */
function viewOf(key: string, node: Node): string {
  const world = decode(key)
  const other = otherOf(node)
  Object.assign(world.sides[other], { link: 'i', knows: false, accepted: 0, lastBoot: -1, heardBoot: 0, heardDial: 0 })
  world.conns = world.conns.filter((conn) => endOf(conn, node) !== '-')
  for (const conn of world.conns) {
    const isOtherOpen = isOpen(endOf(conn, other))
    if (conn.dialer === node) {
      conn.acceptorEnd = isOtherOpen || conn.answer !== '-' ? 'A' : '-'
      conn.helloSeq = 0
      conn.helloDial = 0
    } else {
      conn.dialerEnd = isOtherOpen ? 'D' : '-'
      conn.answer = '-'
    }
  }
  return encode(world)
}
