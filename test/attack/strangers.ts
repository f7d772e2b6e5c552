// Opens silent connections from several addresses, and keeps those that the other side does not close. Its one argument
// is its plan, in JSON. It prints a line of JSON when all are tried, and ends when its standard input ends.
import { connect, type Socket } from 'node:net'

export interface StrangersPlan {
  readonly host: string
  readonly port: number
  readonly count: number
  /** The addresses to connect from, in turn. */
  readonly from: readonly string[]
}

const { host, port, count, from } = JSON.parse(process.argv[2] ?? '{}') as StrangersPlan
/** Attempts under way at once. */
const AT_ONCE = 200
const open = new Set<Socket>()
let [tried, under, connected] = [0, 0, 0]

function next(): void {
  while (tried < count && under < AT_ONCE) one(from[tried++ % from.length])
  if (under > 0) return
  console.log(JSON.stringify({ connected, open: open.size }))
  process.stdin.resume().on('end', () => process.exit())
}

function one(localAddress: string | undefined): void {
  under++
  const socket = connect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) })
  let settled = false
  const settle = () => {
    if (settled) return
    settled = true
    under--
    next()
  }
  socket
    .on('connect', () => {
      connected++
      open.add(socket)
      settle()
    })
    .on('error', settle)
    .on('close', () => {
      open.delete(socket)
      settle()
    })
    .resume()
}

next()
