/** One of the two nodes of the model; node 1 has the higher uuid. */
export type Node = 0 | 1

/** Where a node's link stands: idle, dialing with its hello unsent or sent, connected, closing, waiting to dial again. */
export type LinkKind = 'i' | 'u' | 's' | 'c' | 'x' | 'w'

/** A node: what src/mesh/link.ts holds of the peer, as far as it is not in the ends of its connections. */
export interface Side {
  link: LinkKind
  /** Whether discovery has told it of the peer. */
  knows: boolean
  /** How many dials it has answered with `ok`. */
  accepted: number
  /** The boot that the peer had when it was last heard of; -1 for never. Kept only for rules that ask for it. */
  lastBoot: number
}

/**
 * One end of a connection: `D`ialing (hello sent, answer awaited), `R`aw (hello not read yet), `A`pplicant (read, not
 * answered), `S`hown to the application, destroyed (`X`: its `close` is still to come), gone (`-`).
 */
export type End = 'D' | 'R' | 'A' | 'S' | 'X' | '-'

/** A TCP connection whose hello has been sent, until both ends are gone. Boots are ages: 0 is the node's present one. */
export interface Conn {
  dialer: Node
  dialerBoot: number
  acceptorBoot: number
  helloSeq: number
  okSeq: number
  /** The answer under way: `o`k, `c`onnected or none. */
  answer: 'o' | 'c' | '-'
  dialerEnd: End
  acceptorEnd: End
  /** Nothing gets through any more, and neither end has been told. */
  cut: boolean
}

export interface World {
  readonly sides: readonly [Side, Side]
  conns: Conn[]
}

export function otherOf(node: Node): Node {
  return node === 0 ? 1 : 0
}

export function endOf(conn: Conn, node: Node): End {
  return conn.dialer === node ? conn.dialerEnd : conn.acceptorEnd
}

export function setEnd(conn: Conn, node: Node, end: End): void {
  if (conn.dialer === node) conn.dialerEnd = end
  else conn.acceptorEnd = end
}

export function isOpen(end: End): boolean {
  return end !== 'X' && end !== '-'
}

/** Nothing is wrong with the connection, and one application at least holds it. */
export function isHealthy(conn: Conn): boolean {
  const { dialerEnd, acceptorEnd } = conn
  return !conn.cut && acceptorEnd === 'S' && (dialerEnd === 'S' || (dialerEnd === 'D' && conn.answer === 'o'))
}

/** The connection on which a node dials, holds an applicant, or is connected. */
export function connWith(world: World, node: Node, ends: string): Conn | undefined {
  return world.conns.find((conn) => ends.includes(endOf(conn, node)))
}

export function clone(world: World): World {
  return { sides: [{ ...world.sides[0] }, { ...world.sides[1] }], conns: world.conns.map((conn) => ({ ...conn })) }
}

export function decode(key: string): World {
  const conns: Conn[] = []
  for (let at = 8; at < key.length; at += 9) conns.push(decodeConn(key, at))
  return { sides: [decodeSide(key, 0), decodeSide(key, 4)], conns }
}

function decodeSide(key: string, at: number): Side {
  return {
    link: key.charAt(at) as LinkKind,
    knows: key.charAt(at + 1) === '!',
    accepted: digit(key, at + 2),
    lastBoot: digit(key, at + 3) - 1
  }
}

function decodeConn(key: string, at: number): Conn {
  return {
    dialer: key.charAt(at) === '>' ? 0 : 1,
    dialerEnd: key.charAt(at + 1) as End,
    acceptorEnd: key.charAt(at + 2) as End,
    answer: key.charAt(at + 3) as Conn['answer'],
    helloSeq: digit(key, at + 4),
    okSeq: digit(key, at + 5),
    dialerBoot: digit(key, at + 6),
    acceptorBoot: digit(key, at + 7),
    cut: key.charAt(at + 8) === '/'
  }
}

function digit(key: string, at: number): number {
  return key.charCodeAt(at) - 48
}

/**
 * The world's one name: without what nobody can tell any more. Connections have no order. Of clocks only the order of
 * their values counts, since nothing but comparisons is done with them and a new value is above all others; of boots
 * only which are the same. So the space is finite although dials, losses and restarts are not counted.
 */
export function encode(world: World): string {
  for (const conn of world.conns) forget(conn)
  world.conns = world.conns.filter((conn) => conn.dialerEnd !== '-' || conn.acceptorEnd !== '-')
  for (const node of [0, 1] as const) {
    compressClock(world, node)
    compressBoots(world, node)
  }
  const conns = world.conns.map(encodeConn)
  return encodeSide(world.sides[0]) + encodeSide(world.sides[1]) + (conns.length > 1 ? conns.sort() : conns).join('')
}

/** Sets to nought what is in no line under way and what nobody will compare. */
function forget(conn: Conn): void {
  const { dialerEnd, acceptorEnd } = conn
  if (dialerEnd !== 'D') conn.answer = '-'
  const connectedByDialer = conn.answer === 'o' || dialerEnd === 'S' || dialerEnd === 'X'
  if (acceptorEnd !== 'R' && acceptorEnd !== 'A') conn.helloSeq = 0
  if (acceptorEnd === '-') conn.dialerBoot = 0
  if (!connectedByDialer) conn.okSeq = 0
  if (!connectedByDialer && acceptorEnd !== 'R' && acceptorEnd !== 'A') conn.acceptorBoot = 0
  // Both ends of a connection that was cut are on their own: it matters no more what came of the other.
  if (conn.cut && acceptorEnd === 'R') conn.acceptorEnd = '-'
}

function compressClock(world: World, node: Node): void {
  const side = world.sides[node]
  let values = 1 | (1 << side.accepted)
  for (const conn of world.conns) values |= 1 << (conn.dialer === node ? conn.helloSeq : conn.okSeq)
  side.accepted = rank(values, side.accepted)
  for (const conn of world.conns) {
    if (conn.dialer === node) conn.helloSeq = rank(values, conn.helloSeq)
    else conn.okSeq = rank(values, conn.okSeq)
  }
}

function compressBoots(world: World, node: Node): void {
  const other = world.sides[otherOf(node)]
  let values = 1 | (1 << Math.max(other.lastBoot, 0))
  for (const conn of world.conns) values |= 1 << (conn.dialer === node ? conn.dialerBoot : conn.acceptorBoot)
  if (other.lastBoot > 0) other.lastBoot = rank(values, other.lastBoot)
  for (const conn of world.conns) {
    if (conn.dialer === node) conn.dialerBoot = rank(values, conn.dialerBoot)
    else conn.acceptorBoot = rank(values, conn.acceptorBoot)
  }
}

/** How many of a set of small numbers, one bit each, are below one of them. */
function rank(set: number, value: number): number {
  let below = set & ((1 << value) - 1)
  let count = 0
  for (; below !== 0; below &= below - 1) count++
  return count
}

function encodeSide({ link, knows, accepted, lastBoot }: Side): string {
  return `${link}${knows ? '!' : '?'}${accepted}${lastBoot + 1}`
}

function encodeConn(conn: Conn): string {
  const { dialer, dialerEnd, acceptorEnd, answer, helloSeq, okSeq, dialerBoot, acceptorBoot, cut } = conn
  return `${dialer === 0 ? '>' : '<'}${dialerEnd}${acceptorEnd}${answer}${helloSeq}${okSeq}${dialerBoot}${acceptorBoot}${cut ? '/' : '-'}`
}
