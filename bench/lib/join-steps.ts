import type { Profiler } from 'node:inspector'

/** The steps of a cold join, in order. */
export const STEPS = [
  'listen and bind',
  'announce',
  'ask',
  'read answers',
  'dial',
  'hello',
  'tell the application',
  'collect garbage',
  'the rest of Node'
] as const
export type Step = (typeof STEPS)[number]

/** The output of the program profiled-join.ts. */
export interface Profiled {
  /** The share of the processor time for JavaScript that each step took. */
  readonly shares: Record<Step, number>
}

/** The functions that begin a step. If one calls another, the time belongs to the inner one. */
const BEGINNINGS = new Map<string, Step>([
  ['listen', 'listen and bind'],
  ['bind', 'listen and bind'],
  ['lookupAndListen', 'listen and bind'],
  ['HealingDiscovery', 'announce'],
  ['#onAnnounced', 'announce'],
  ['#lookAround', 'ask'],
  ['#ask', 'ask'],
  ['#send', 'ask'],
  ['#onMessage', 'read answers'],
  ['hint', 'dial'],
  ['#reconcile', 'dial'],
  ['#reached', 'hello'],
  ['#onSecured', 'hello'],
  ['receive', 'hello'],
  ['onReadable', 'hello'],
  ['#onLine', 'hello'],
  ['#onDialEnded', 'tell the application'],
  ['(garbage collector)', 'collect garbage']
])

/** The share of each step of the time in which the process was at work. */
export function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Record<Step, number> {
  const steps = stepsOf(nodes)
  const times = Object.fromEntries(STEPS.map((step) => [step, 0])) as Record<Step, number>
  for (const [i, id] of samples.entries()) {
    const step = steps.get(id)
    if (step !== undefined) times[step] += timeDeltas[i + 1] ?? 0
  }
  const all = Object.values(times).reduce((sum, time) => sum + time, 0)
  return Object.fromEntries(STEPS.map((step) => [step, times[step] / all])) as Record<Step, number>
}

/** The step of each node of the call tree; none for nodes in which the process waited. */
function stepsOf(nodes: readonly Profiler.ProfileNode[]): Map<number, Step> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const steps = new Map<number, Step>()
  const visit = ({ id, callFrame, children = [] }: Profiler.ProfileNode, outer: Step) => {
    const { functionName } = callFrame
    const step = BEGINNINGS.get(functionName) ?? outer
    if (functionName !== '(idle)') steps.set(id, step)
    for (const child of children) {
      const node = byId.get(child)
      if (node !== undefined) visit(node, step)
    }
  }
  const [root] = nodes
  if (root !== undefined) visit(root, 'the rest of Node')
  return steps
}
