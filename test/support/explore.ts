/**
 * How a step comes about. `fault`: it may happen or not. `prompt`: it happens within a round trip. `slow`: it waits for
 * a timer, or until the kernel gives a connection up.
 */
export type StepKind = 'fault' | 'prompt' | 'slow'

/** Receives the steps of one state, and the property that a step violates. */
export interface Emit {
  step(kind: StepKind, label: string, next: string): void
  violation(property: string, label: string): void
}

/** A finite model. States are strings; equal strings are the same state. */
export interface Model {
  readonly initial: string
  successors(state: string, emit: Emit): void
  isGoal(state: string): boolean
  /** A state as readable text. */
  show(state: string): string
}

/** The result of an exploration. */
export interface Report {
  readonly states: number
  readonly steps: number
  /** The property that does not hold, and a shortest path to the violation; null if every property holds. */
  readonly broken: { readonly property: string; readonly trace: readonly string[] } | null
  /**
   * The largest number of `slow` steps between the last fault and the goal on a prompt network; null without `prompt`.
   */
  readonly slowSteps: number | null
}

const PROMPT = 0
const SLOW = 1

/** A growing list of integers in a typed array. */
class Ints {
  #items = new Int32Array(1 << 16)
  length = 0

  push(value: number): void {
    if (this.length === this.#items.length) {
      const larger = new Int32Array(this.#items.length * 2)
      larger.set(this.#items)
      this.#items = larger
    }
    this.#items[this.length++] = value
  }

  at(index: number): number {
    return this.#items[index] ?? -1
  }
}

/** Every reachable state, with the steps between states that are not faults. */
class Graph {
  readonly keys: string[] = []
  readonly #ids = new Map<string, number>()
  readonly #parents = new Ints()
  readonly #labels: string[] = []
  /** Where each state's steps begin in `targets` and `kinds`. */
  readonly starts = new Ints()
  readonly targets = new Ints()
  readonly kinds = new Ints()
  steps = 0
  readonly #show: (state: string) => string

  constructor(show: (state: string) => string) {
    this.#show = show
  }

  add(key: string, parent: number, label: string): number {
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const id = this.keys.length
    this.#ids.set(key, id)
    this.keys.push(key)
    this.#parents.push(parent)
    this.#labels.push(label)
    return id
  }

  show(id: number): string {
    return this.#show(this.keys[id] ?? '')
  }

  trace(id: number): string[] {
    const steps: string[] = []
    for (let at = id; at >= 0; at = this.#parents.at(at)) {
      steps.push(`${(this.#labels[at] ?? '').padEnd(32)} ${this.show(at)}`)
    }
    return steps.reverse()
  }
}

/**
 * Explores every reachable state, breadth first, and checks:
 *
 * - no step violates a property;
 * - from every state the goal can be reached without another fault;
 * - with `prompt`: after the last fault, if prompt steps happen before slow ones, there is no cycle: every run reaches the
 *   goal, whatever the order of its timers.
 */
export function explore(model: Model, options: { prompt: boolean; maxStates: number }): Report {
  const graph = new Graph((state) => model.show(state))
  const broken = fill(model, graph, options.maxStates) ?? findStuck(model, graph)
  const promptly = broken === null && options.prompt ? runPromptly(model, graph) : null
  return {
    states: graph.keys.length,
    steps: graph.steps,
    broken: broken ?? promptly?.broken ?? null,
    slowSteps: promptly?.slowSteps ?? null
  }
}

function fill(model: Model, graph: Graph, maxStates: number): Report['broken'] {
  let broken: Report['broken'] = null
  let id = 0
  const emit: Emit = {
    step(kind, label, next) {
      const target = graph.add(next, id, label)
      graph.steps++
      if (kind === 'fault') return
      graph.targets.push(target)
      graph.kinds.push(kind === 'prompt' ? PROMPT : SLOW)
    },
    violation(property, label) {
      broken ??= { property, trace: [...graph.trace(id), label] }
    }
  }
  graph.add(model.initial, -1, 'start')
  for (; id < graph.keys.length; id++) {
    if (id > maxStates) throw new Error(`More than ${maxStates} states.`)
    graph.starts.push(graph.targets.length)
    model.successors(graph.keys[id] ?? '', emit)
    if (broken !== null) return broken
  }
  graph.starts.push(graph.targets.length)
  return null
}

/** Finds a state from which no run without faults leads to the goal. */
function findStuck(model: Model, graph: Graph): Report['broken'] {
  const count = graph.keys.length
  const firsts = new Int32Array(count + 1)
  for (let edge = 0; edge < graph.targets.length; edge++) increment(firsts, graph.targets.at(edge))
  for (let id = 1; id <= count; id++) firsts[id] = (firsts[id] ?? 0) + (firsts[id - 1] ?? 0)
  const sources = new Int32Array(graph.targets.length)
  for (let id = 0; id < count; id++) {
    for (let edge = graph.starts.at(id); edge < graph.starts.at(id + 1); edge++) {
      sources[decrement(firsts, graph.targets.at(edge))] = id
    }
  }
  const seen = new Uint8Array(count)
  const queue = new Ints()
  for (let id = 0; id < count; id++) if (model.isGoal(graph.keys[id] ?? '')) queue.push(id)
  for (let head = 0; head < queue.length; head++) seen[queue.at(head)] = 1
  for (let head = 0; head < queue.length; head++) {
    const id = queue.at(head)
    for (let at = firsts[id] ?? 0; at < (firsts[id + 1] ?? 0); at++) {
      const source = sources[at] ?? 0
      if (seen[source] === 1) continue
      seen[source] = 1
      queue.push(source)
    }
  }
  const stuck = seen.indexOf(0)
  return stuck < 0 ? null : { property: 'the goal stays within reach', trace: graph.trace(stuck) }
}

function increment(array: Int32Array, index: number): void {
  array[index] = (array[index] ?? 0) + 1
}

function decrement(array: Int32Array, index: number): number {
  const value = (array[index] ?? 0) - 1
  array[index] = value
  return value
}

/** The steps of a state on a prompt network: the prompt ones, or, if there are none, the slow ones. */
function promptSteps(graph: Graph, id: number): { from: number; to: number; kind: number } {
  const from = graph.starts.at(id)
  const to = graph.starts.at(id + 1)
  for (let edge = from; edge < to; edge++) if (graph.kinds.at(edge) === PROMPT) return { from, to, kind: PROMPT }
  return { from, to, kind: SLOW }
}

/**
 * Walks depth first. A state that is reached again while it is being walked means that there is a run that never ends.
 */
function runPromptly(model: Model, graph: Graph): { broken: Report['broken']; slowSteps: number } {
  const count = graph.keys.length
  /** -2: not visited; -1: being walked; otherwise the largest number of slow steps from here to the goal. */
  const longest = new Int32Array(count).fill(-2)
  let worst = 0
  for (let root = 0; root < count; root++) {
    const end = longest[root] === -2 ? walk(graph, root, longest) : null
    if (end !== null) return { broken: { property: 'every run ends', trace: end }, slowSteps: -1 }
    worst = Math.max(worst, longest[root] ?? 0)
  }
  for (let id = 0; id < count; id++) {
    if (graph.starts.at(id) !== graph.starts.at(id + 1) || model.isGoal(graph.keys[id] ?? '')) continue
    return { broken: { property: 'every run ends at the goal', trace: graph.trace(id) }, slowSteps: -1 }
  }
  return { broken: null, slowSteps: worst }
}

function walk(graph: Graph, root: number, longest: Int32Array): string[] | null {
  const path = [{ id: root, steps: promptSteps(graph, root), edge: graph.starts.at(root), most: 0 }]
  longest[root] = -1
  for (let frame = path.at(-1); frame !== undefined; frame = path.at(-1)) {
    if (frame.edge >= frame.steps.to) {
      longest[frame.id] = frame.most
      path.pop()
      continue
    }
    const edge = frame.edge
    if (graph.kinds.at(edge) !== frame.steps.kind) {
      frame.edge++
      continue
    }
    const next = graph.targets.at(edge)
    const known = longest[next] ?? -2
    if (known === -1) return [...graph.trace(next), 'and around:', ...path.map(({ id }) => graph.show(id))]
    if (known === -2) {
      longest[next] = -1
      path.push({ id: next, steps: promptSteps(graph, next), edge: graph.starts.at(next), most: 0 })
      continue
    }
    frame.most = Math.max(frame.most, known + (frame.steps.kind === SLOW ? 1 : 0))
    frame.edge++
  }
  return null
}
