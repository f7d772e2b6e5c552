/** One of the two nodes of the model; node 1 has the higher uuid. */
export type Node = 0 | 1

/**
 * The state of a node's link: idle, dialing with its hello unsent or sent, connected, closing (`x`), waiting to dial
 * again.
 */
export type LinkKind = 'i' | 'u' | 's' | 'c' | 'x' | 'w'

/** A node: the facts of src/mesh/link.ts about the peer, except those in the ends of its connections. */
export interface Side {
  link: LinkKind
  /** Whether discovery has told it of the peer. */
  knows: boolean
  /** How many dials it has answered with `ok`. */
  accepted: number
  /** The last boot of the peer; -1 for none. Kept only for rules that use it. */
  lastBoot: number
  /** The latest hello that it received from the peer: the dialer's boot, and the number of the dial, 0 for none. */
  heardBoot: number
  heardDial: number
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
  /** The number of the dial until its hello is read; 0 afterwards. */
  helloDial: number
  okSeq: number
  /** The answer under way: `o`k, `c`onnected or none. */
  answer: 'o' | 'c' | '-'
  dialerEnd: End
  acceptorEnd: End
  /** Nothing gets through any more, and neither end has noticed. */
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

/** Whether the connection works and at least one application holds it. */
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

const LINKS: readonly LinkKind[] = ['i', 'u', 's', 'c', 'x', 'w']
const ENDS: readonly End[] = ['D', 'R', 'A', 'S', 'X', '-']
const ANSWERS: readonly Conn['answer'][] = ['-', 'o', 'c']

/** Takes the numbers out of one that {@link pack} made, the last first. */
class Unpacking {
  #rest: number

  constructor(packed: number) {
    this.#rest = packed
  }

  take(base: number): number {
    const value = this.#rest % base
    this.#rest = (this.#rest - value) / base
    return value
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.take(items.length)]
    if (item === undefined) throw new Error('No state has this name.')
    return item
  }
}

export function decode(key: string): World {
  const conns: Conn[] = []
  for (let at = 2; at < key.length; at += 2) conns.push(decodeConn(key.charCodeAt(at), key.charCodeAt(at + 1)))
  return { sides: [decodeSide(key.charCodeAt(0)), decodeSide(key.charCodeAt(1))], conns }
}

function decodeSide(packed: number): Side {
  const from = new Unpacking(packed)
  const [heardDial, heardBoot, lastBoot, accepted] = [from.take(8), from.take(8), from.take(8) - 1, from.take(8)]
  return { heardDial, heardBoot, lastBoot, accepted, knows: from.take(2) === 1, link: from.pick(LINKS) }
}

function decodeConn(first: number, second: number): Conn {
  const [a, b] = [new Unpacking(first), new Unpacking(second)]
  return {
    okSeq: a.take(8),
    helloSeq: a.take(8),
    cut: a.take(2) === 1,
    answer: a.pick(ANSWERS),
    acceptorEnd: a.pick(ENDS),
    dialerEnd: a.pick(ENDS),
    dialer: a.take(2) === 1 ? 1 : 0,
    helloDial: b.take(8),
    acceptorBoot: b.take(8),
    dialerBoot: b.take(8)
  }
}

/** A state's name as readable text. */
export function show(key: string): string {
  const { sides, conns } = decode(key)
  const side = ({ link, knows, accepted, lastBoot, heardBoot, heardDial }: Side) =>
    `${link}${knows ? '!' : '?'} ok:${accepted} heard:${heardBoot}/${heardDial} boot:${lastBoot}`
  const conn = ({ dialer, dialerEnd, acceptorEnd, answer, helloSeq, okSeq, ...rest }: Conn) => {
    const { dialerBoot, acceptorBoot, helloDial, cut } = rest
    const arrow = `${dialer === 0 ? '0>1' : '1>0'}${cut ? ' cut' : ''} ${dialerEnd}${acceptorEnd}${answer}`
    return `[${arrow} seq:${helloSeq}/${okSeq} boot:${dialerBoot}/${acceptorBoot} dial:${helloDial}]`
  }
  return [...sides.map(side), ...conns.map(conn)].join('  ')
}

/**
 * The canonical name of a world, without facts that can make no difference any more. Connections have no order.
 * Counters are reduced to the order of their values, since they are only compared and a new value is above all others;
 * boots are reduced to which are equal. So there are finitely many states, although dials, losses and restarts are
 * unbounded.
 */
export function encode(world: World): string {
  for (const conn of world.conns) forget(conn)
  if (world.conns.some(isOver)) world.conns = world.conns.filter((conn) => !isOver(conn))
  for (const node of [0, 1] as const) {
    compressDials(world, node)
    compressClock(world, node)
    compressBoots(world, node)
  }
  let key = String.fromCharCode(encodeSide(world.sides[0]), encodeSide(world.sides[1]))
  const conns = world.conns.map(encodeConn)
  if (conns.length > 1) conns.sort((a, b) => a - b)
  for (const conn of conns) key += String.fromCharCode(conn >> 9, conn & 511)
  return key
}

function isOver({ dialerEnd, acceptorEnd }: Conn): boolean {
  return dialerEnd === '-' && acceptorEnd === '-'
}

/** Sets to 0 the numbers that are in no line under way and will not be compared. */
function forget(conn: Conn): void {
  // Nothing arrives over a connection that was cut: a hello that was not read never will be.
  if (conn.cut && conn.acceptorEnd === 'R') conn.acceptorEnd = '-'
  const { dialerEnd, acceptorEnd } = conn
  if (dialerEnd !== 'D') conn.answer = '-'
  const connectedByDialer = conn.answer === 'o' || dialerEnd === 'S' || dialerEnd === 'X'
  if (acceptorEnd !== 'R' && acceptorEnd !== 'A') conn.helloSeq = 0
  if (acceptorEnd !== 'R') conn.helloDial = 0
  if (acceptorEnd === '-') conn.dialerBoot = 0
  if (!connectedByDialer) conn.okSeq = 0
  if (!connectedByDialer && acceptorEnd !== 'R' && acceptorEnd !== 'A') conn.acceptorBoot = 0
}

/**
 * Numbers of dials are compared only if they are of one boot, and only until the hello is read. A received hello
 * matters only if it overtakes such a hello.
 */
function compressDials(world: World, dialer: Node): void {
  const listener = world.sides[otherOf(dialer)]
  const isUnread = (conn: Conn) => conn.dialer === dialer && conn.acceptorEnd === 'R'
  const isOvertaken = (conn: Conn) =>
    isUnread(conn) && conn.dialerBoot === listener.heardBoot && conn.helloDial < listener.heardDial
  if (!world.conns.some(isOvertaken)) {
    listener.heardBoot = 0
    listener.heardDial = 0
  }
  if (!world.conns.some(isUnread)) return
  const unread = world.conns.filter(isUnread)
  for (const boot of new Set(unread.map((conn) => conn.dialerBoot))) {
    const ofBoot = unread.filter((conn) => conn.dialerBoot === boot)
    const isHeard = listener.heardDial > 0 && listener.heardBoot === boot
    let values = 1 | (isHeard ? 1 << listener.heardDial : 0)
    for (const conn of ofBoot) values |= 1 << conn.helloDial
    if (isHeard) listener.heardDial = rank(values, listener.heardDial)
    for (const conn of ofBoot) conn.helloDial = rank(values, conn.helloDial)
  }
}

/** Counters are compared only if they are of one boot. */
function compressClock(world: World, node: Node): void {
  const side = world.sides[node]
  const bootOf = (conn: Conn) => (conn.dialer === node ? conn.dialerBoot : conn.acceptorBoot)
  let oldest = 0
  for (const conn of world.conns) oldest = Math.max(oldest, bootOf(conn))
  for (let boot = 0; boot <= oldest; boot++) {
    let values = boot === 0 ? 1 | (1 << side.accepted) : 1
    for (const conn of world.conns) {
      if (bootOf(conn) === boot) values |= 1 << (conn.dialer === node ? conn.helloSeq : conn.okSeq)
    }
    if (boot === 0) side.accepted = rank(values, side.accepted)
    for (const conn of world.conns) {
      if (bootOf(conn) !== boot) continue
      if (conn.dialer === node) conn.helloSeq = rank(values, conn.helloSeq)
      else conn.okSeq = rank(values, conn.okSeq)
    }
  }
}

function compressBoots(world: World, node: Node): void {
  const other = world.sides[otherOf(node)]
  let values = 1 | (1 << Math.max(other.lastBoot, 0)) | (1 << other.heardBoot)
  for (const conn of world.conns) values |= 1 << (conn.dialer === node ? conn.dialerBoot : conn.acceptorBoot)
  if (other.lastBoot > 0) other.lastBoot = rank(values, other.lastBoot)
  other.heardBoot = rank(values, other.heardBoot)
  for (const conn of world.conns) {
    if (conn.dialer === node) conn.dialerBoot = rank(values, conn.dialerBoot)
    else conn.acceptorBoot = rank(values, conn.acceptorBoot)
  }
}

/** How many members of a set of small numbers, stored as bits, are below one of them. */
function rank(set: number, value: number): number {
  let below = set & ((1 << value) - 1)
  let count = 0
  for (; below !== 0; below &= below - 1) count++
  return count
}

/** All counts together have at most eight values: one of each side, and one of each connection. */
function encodeSide({ link, knows, accepted, lastBoot, heardBoot, heardDial }: Side): number {
  const first = LINKS.indexOf(link) * 2 + (knows ? 1 : 0)
  return (((first * 8 + accepted) * 8 + lastBoot + 1) * 8 + heardBoot) * 8 + heardDial
}

export function encodeConn(conn: Conn): number {
  const { dialer, dialerEnd, acceptorEnd, answer, helloSeq, helloDial, okSeq, dialerBoot, acceptorBoot, cut } = conn
  const ends = (dialer * 6 + ENDS.indexOf(dialerEnd)) * 6 + ENDS.indexOf(acceptorEnd)
  const first = (((ends * 3 + ANSWERS.indexOf(answer)) * 2 + (cut ? 1 : 0)) * 8 + helloSeq) * 8 + okSeq
  return ((first * 8 + dialerBoot) * 8 + acceptorBoot) * 8 + helloDial
}
