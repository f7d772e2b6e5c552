// The man in the middle: accepts connections that were meant for another host, and treats them as the orders on
// standard input say. Argument: its doors, as JSON. It prints a line of JSON for each action.
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** A port at which redirected connections arrive, and the two ends that they are between. */
export interface Door {
  readonly port: number
  /** The end for which they are meant. */
  readonly to: { readonly host: string; readonly port: number }
  /** The end that dials. */
  readonly from: { readonly host: string; readonly port: number }
}

/**
 * `forward`: new connections are forwarded. `reflect`: new connections are forwarded back to the dialer. `break`: a bit
 * of the first bytes of each new connection is altered. `alter`: in every open connection the next bytes of the dialer
 * and of the acceptor are altered. `replay`: the bytes that every dialer has sent so far are sent again, to the same
 * acceptor. `cut`: every open connection is ended as by TCP, after the bytes that were forwarded.
 */
export type Order = 'forward' | 'reflect' | 'break' | 'alter' | 'replay' | 'cut'

export type Report =
  | { readonly did: 'listen' | Order }
  | { readonly did: 'take'; readonly port: number }
  /** Whether bytes of a hello were seen in clear. */
  | { readonly did: 'see'; readonly clear: boolean }
  | { readonly did: 'hear'; readonly bytes: number }

class Line {
  readonly said: Buffer[] = []
  readonly #door: Door
  readonly #near: Socket
  readonly #far: Socket
  /** How many bits are to be altered, for each direction. */
  #near2far = 0
  #far2near = 0

  constructor(near: Socket, door: Door, order: Order) {
    this.#near = near
    this.#door = door
    if (order === 'break') this.#near2far = 1
    const { host, port } = order === 'reflect' ? door.from : door.to
    this.#far = connect({ host, port, allowHalfOpen: true })
    for (const [one, other] of [
      [near, this.#far],
      [this.#far, near]
    ] as const) {
      one.on('data', (bytes) => other.write(this.#pass(bytes, one === near)))
      one.on('end', () => other.end()).on('error', () => other.destroy())
      one.on('close', () => lines.delete(this))
    }
  }

  alter(): void {
    this.#near2far = 1
    this.#far2near = 1
  }

  cut(): void {
    this.#near.end()
    this.#far.end()
  }

  replay(): void {
    const socket = connect(this.#door.to)
    let heard = 0
    socket.on('data', (bytes) => (heard += bytes.length)).on('error', () => {})
    socket.on('close', () => report({ did: 'hear', bytes: heard }))
    socket.write(Buffer.concat(this.said))
  }

  #pass(bytes: Buffer, isNear: boolean): Buffer {
    if (isNear) this.said.push(bytes)
    report({ did: 'see', clear: bytes.includes('"tcpnet"') })
    const isAltered = isNear ? this.#near2far-- > 0 : this.#far2near-- > 0
    if (!isAltered) return bytes
    const altered = Buffer.from(bytes)
    // Not the last byte, which may be a newline, but the one before.
    altered[altered.length - 2] = (altered[altered.length - 2] ?? 0) ^ 1
    return altered
  }
}

const lines = new Set<Line>()
let order: Order = 'forward'

function obey(next: Order): void {
  if (next === 'alter') for (const line of lines) line.alter()
  else if (next === 'replay') for (const line of lines) line.replay()
  else if (next === 'cut') for (const line of lines) line.cut()
  else order = next
  report({ did: next })
}

function report(what: Report): void {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}

const doors = JSON.parse(process.argv[2] ?? '[]') as Door[]
let closed = doors.length
for (const door of doors) {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    report({ did: 'take', port: door.port })
    lines.add(new Line(socket, door, order))
  })
  server.listen(door.port, () => {
    if (--closed === 0) report({ did: 'listen' })
  })
}
createInterface(process.stdin)
  .on('line', (line) => obey(line as Order))
  .on('close', () => process.exit())
