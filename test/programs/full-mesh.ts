// Conditions on all nodes of a cluster together.
import assert from 'node:assert/strict'
import { until } from '../lab/index.js'
import type { Node } from './node-client.js'

/** Milliseconds for a mesh on an idle network; a generous multiple of what it takes. */
const MESH_MS = 30_000

/** Resolves when every pair of the nodes has one connection, of which both have an end, and there are no others. */
export async function fullMesh(nodes: readonly Node[], timeoutMs = MESH_MS): Promise<void> {
  let missing: string | undefined
  await until(
    () => {
      missing = whatIsMissing(nodes)
      return missing === undefined
    },
    'no full mesh',
    timeoutMs
  ).catch((err: Error) => {
    throw new Error(`${err.message}: ${missing}\n${nodes.map(story).join('\n')}`)
  })
}

/**
 * Resolves when the nodes, none of which had a connection before, are a full mesh over which every node has sent a line
 * to every other. Fails if a connection was replaced meanwhile.
 */
export async function firstMesh(nodes: readonly Node[], timeoutMs?: number): Promise<void> {
  await fullMesh(nodes, timeoutMs)
  await everybodyTalks(nodes)
  for (const node of nodes) {
    assert.equal(node.ledger.all('connection').length, nodes.length - 1, `too many connections\n${story(node)}`)
    assert.equal(node.ledger.all('closed').length, 0, `a connection was closed\n${story(node)}`)
  }
}

/** Every node sends a line to every other; resolves when all have arrived. */
export async function everybodyTalks(nodes: readonly Node[], text = 'hello'): Promise<void> {
  const pairs = nodes.flatMap((one) => nodes.filter((other) => other !== one).map((other) => [one, other] as const))
  await Promise.all(pairs.map(([one, other]) => one.says(text, other)))
}

/**
 * Closes all at once; resolves when their processes have ended by themselves, after a close event for every connection.
 */
export async function closeAll(nodes: readonly Node[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.close()))
  await Promise.all([...new Set(nodes.map((node) => node.process))].map((process) => process.ended()))
  for (const node of nodes) {
    assert.deepEqual([...node.ledger.open.keys()], [], `connections without a close\n${story(node)}`)
  }
}

/** Milliseconds from the last node's listen() to the last connection of any of them. */
export function meshTime(nodes: readonly Node[]): number {
  const last = (times: number[]) => times.reduce((a, b) => Math.max(a, b), 0)
  const connected = last(nodes.flatMap((node) => node.ledger.all('connection').map(({ at }) => at)))
  return Math.round(connected - last(nodes.flatMap((node) => node.ledger.all('opening').map(({ at }) => at))))
}

function whatIsMissing(nodes: readonly Node[]): string | undefined {
  for (const one of nodes) {
    const { open } = one.ledger
    for (const other of nodes) {
      if (other === one) continue
      const [here, there] = [open.get(other.uuid), other.ledger.open.get(one.uuid)]
      if (here === undefined) return `${label(one)} has no connection to ${label(other)}`
      if (there !== undefined && (here.local !== there.remote || here.remote !== there.local)) {
        return `${label(one)} has ${here.local}-${here.remote}, ${label(other)} has ${there.local}-${there.remote}`
      }
    }
    if (open.size > nodes.length - 1) return `${label(one)} has ${open.size} connections`
  }
  return undefined
}

/** The node may not be listening. */
function label(node: Node): string {
  const uuid = node.ledger.all('listening')[0]?.uuid ?? 'not listening'
  return `${node.host.name}/${uuid.slice(0, 4)}`
}

/** A node's last events, a line each, in the order of the machine's clock. */
function story(node: Node): string {
  const lines = node.ledger.events
    .slice(-30)
    .map(({ at, service: _, ...event }) => `  ${at.toFixed(0)} ${JSON.stringify(event)}`)
  return `${label(node)}:\n${lines.join('\n')}`
}
