import type { PeerSocket, Service } from 'tcpnet'
import type { Run } from './command.js'
import { close, listen, memberOf, roundTripMs } from './member.js'
import type { Output } from './output.js'
import { type PeerRow, sorted, tableOf } from './peer-table.js'
import { ageText, bytesText, endpointOf, jsonLine, plainAddress, shownText } from './shown.js'

/** The longest reason that is shown, in characters. */
const MAX_REASON = 300
/** Control sequences: to the alternate screen without cursor, and back. */
const [ENTER, LEAVE] = ['\x1b[?1049h\x1b[?25l', '\x1b[?25h\x1b[?1049l']

/** `tcpnet watch`: a member that shows its peers, live. */
export const run: Run = async (invocation) => {
  const { arguments: given, output, ending } = invocation
  const everyMs = given.number('interval', 1, { least: 0.1 }) * 1000
  const service = await memberOf(invocation)
  const peers = new Peers(service)
  const view = given.flag('json')
    ? new LineView(output, jsonLineOf)
    : output.isTerminal
      ? new TerminalView(output, service)
      : new LineView(output, plainLineOf)
  try {
    await listen(service, invocation)
    const show = () => view.show(peers.rows())
    if (ending.code === null) view.open(show)
    while (ending.code === null) {
      show()
      await ending.pause(everyMs)
    }
    return ending.code
  } finally {
    view.close()
    await close(service)
  }
}

/** The rows of a service's peers, with the figures of their connections. */
class Peers {
  readonly #service: Service
  readonly #connectedAt = new WeakMap<PeerSocket, number>()

  constructor(service: Service) {
    this.#service = service
    service.on('connection', (socket) => {
      this.#connectedAt.set(socket, performance.now())
      socket.on('error', () => {})
      // Received data is discarded; the socket counts its bytes.
      socket.resume()
    })
  }

  rows(): PeerRow[] {
    const sockets = new Map(this.#service.connections.map((socket) => [socket.peer.uuid, socket]))
    return [...this.#service.peers.values()].map(({ uuid, state, host, port, addresses, error, announced }) => {
      const socket = sockets.get(uuid)
      const [first] = addresses
      const told = first === undefined || port === null ? '' : endpointOf(first, port)
      return {
        uuid,
        state,
        host,
        address: socket === undefined ? told : this.#addressOf(socket),
        connection: socket === undefined ? null : this.#connectionOf(socket),
        why: socket === undefined ? reasonOf(error) : announced ? null : 'not announced'
      }
    })
  }

  #addressOf({ remoteAddress, remotePort }: PeerSocket): string {
    return endpointOf(plainAddress(remoteAddress ?? ''), remotePort ?? 0)
  }

  #connectionOf(socket: PeerSocket): PeerRow['connection'] {
    const { bytesRead: bytesIn, bytesWritten: bytesOut } = socket
    const ageMs = performance.now() - (this.#connectedAt.get(socket) ?? 0)
    return { ageMs, bytesIn, bytesOut, roundTripMs: roundTripMs(socket) }
  }
}

function reasonOf(error: (Error & { code?: string }) | null): string | null {
  if (error === null) return null
  const code = error.code === undefined ? '' : `${error.code}: `
  // The row already has the peer's uuid.
  const message = error.message.replace(/^The dial of the peer .*? failed\. /, '')
  return shownText(`${code}${message}`, MAX_REASON)
}

/** A view of the peers that is updated repeatedly. */
interface View {
  /** @param show called if the view must be updated at once */
  open(show: () => void): void
  show(rows: readonly PeerRow[]): void
  close(): void
}

/** A table on the terminal's alternate screen, which is redrawn in place. */
class TerminalView implements View {
  readonly #output: Output
  readonly #service: Service
  #isOpen = false

  constructor(output: Output, service: Service) {
    this.#output = output
    this.#service = service
  }

  open(show: () => void): void {
    this.#isOpen = true
    this.#output.write(ENTER)
    this.#output.onResize(() => {
      if (this.#isOpen) show()
    })
  }

  show(rows: readonly PeerRow[]): void {
    // A stopped terminal (Ctrl-S) skips this update.
    if (this.#output.isBehind) return
    const { columns, rows: lines } = this.#output.size
    const [head = '', ...body] = tableOf(rows, { columns, lines: lines - 2 })
    const title = this.#titleOf(rows)
    const text = [title.slice(0, columns), '', this.#output.styled('bold', head), ...body]
    // Clears the rest of each line, and the screen below the last one.
    this.#output.write(`\x1b[H${text.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`)
  }

  close(): void {
    if (this.#isOpen) this.#output.write(LEAVE)
    this.#isOpen = false
  }

  #titleOf(rows: readonly PeerRow[]): string {
    const { name, uuid, driver } = this.#service
    const connected = rows.filter(({ connection }) => connection !== null).length
    const port = this.#service.address()?.port ?? 0
    return `${name}: ${connected} of ${rows.length} peers connected; I am ${uuid.slice(0, 8)} on port ${port}, driver ${driver ?? 'auto'}`
  }
}

/** For a pipe: one line for each peer at each update. */
class LineView implements View {
  readonly #output: Output
  readonly #lineOf: (row: PeerRow, time: string) => string

  constructor(output: Output, lineOf: (row: PeerRow, time: string) => string) {
    this.#output = output
    this.#lineOf = lineOf
  }

  open(): void {}

  show(rows: readonly PeerRow[]): void {
    if (this.#output.isBehind) return
    const time = new Date().toISOString()
    for (const row of sorted(rows)) this.#output.line(this.#lineOf(row, time))
  }

  close(): void {}
}

function jsonLineOf({ connection, ...row }: PeerRow, time: string): string {
  return jsonLine({ time, ...row, ...connection })
}

function plainLineOf({ uuid, state, address, connection, why }: PeerRow, time: string): string {
  const parts = [`${time} ${uuid}`, state, address === '' ? '-' : address]
  if (connection !== null) {
    const { ageMs, bytesIn, bytesOut, roundTripMs: rtt } = connection
    parts.push(`age ${ageText(ageMs)}`, `in ${bytesText(bytesIn)}`, `out ${bytesText(bytesOut)}`)
    if (rtt !== null) parts.push(`rtt ${rtt.toFixed(2)} ms`)
  }
  if (why !== null) parts.push(why)
  return parts.join('  ')
}
