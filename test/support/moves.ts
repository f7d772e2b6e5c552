/** The changes to the world of the model that are not part of the pairing rule. */
import { connWith, type Node, otherOf, setEnd, type World } from './world.js'

export function waiting(world: World, node: Node): 'w' | 'i' {
  return world.sides[node].knows ? 'w' : 'i'
}

export function learn(world: World, node: Node): void {
  world.sides[node].knows = true
  wakeUp(world, node)
}

export function withdraw(world: World, node: Node): void {
  world.sides[node].knows = false
  wakeUp(world, node)
}

export function wakeUp(world: World, node: Node): void {
  const side = world.sides[node]
  if (side.link === 'w') side.link = 'i'
}

export function sayHello(world: World, node: Node): void {
  const side = world.sides[node]
  const dials = world.conns.filter((conn) => conn.dialer === node).map((conn) => conn.helloDial)
  side.link = 's'
  world.conns.push({
    dialer: node,
    dialerBoot: 0,
    acceptorBoot: 0,
    helloSeq: side.accepted,
    helloDial: Math.max(world.sides[otherOf(node)].heardDial, ...dials) + 1,
    okSeq: 0,
    answer: '-',
    dialerEnd: 'D',
    acceptorEnd: 'R',
    cut: false
  })
}

export function destroy(world: World, node: Node): void {
  const conn = connWith(world, node, 'S')
  if (conn !== undefined) setEnd(conn, node, 'X')
}

export function crash(world: World, node: Node): void {
  const side = world.sides[node]
  Object.assign(side, { link: 'i', knows: false, accepted: 0, lastBoot: -1, heardBoot: 0, heardDial: 0 })
  const other = world.sides[otherOf(node)]
  if (other.lastBoot >= 0) other.lastBoot++
  if (other.heardDial > 0) other.heardBoot++
  for (const conn of world.conns) {
    setEnd(conn, node, '-')
    if (conn.dialer === node) conn.dialerBoot++
    else conn.acceptorBoot++
  }
}

/** Drops the hellos of dials that have ended. */
export function dropUnread(world: World, dialer: Node): void {
  for (const conn of world.conns) {
    if (conn.dialer === dialer && conn.dialerEnd === '-' && conn.acceptorEnd === 'R') conn.acceptorEnd = '-'
  }
}
