import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { PeerSocket, Service } from 'tcpnet'
import type { Invocation, Run } from './command.js'
import type { Ending } from './ending.js'
import type { ExitCode } from './exit-codes.js'
import { Lines } from './lines.js'
import { close, delivered, listen, memberOf } from './member.js'
import type { Output } from './output.js'
import { endpointOf, jsonLine, plainAddress, shortUuid, shownText } from './shown.js'

/** Milliseconds for peers to acknowledge the last bytes. */
const DELIVERY_MS = 10_000

/** `tcpnet join`: a member that sends its input to all peers, and shows what they send. */
export const run: Run = async (invocation) => {
  const { arguments: given, errors, ending } = invocation
  const [waitMs, peers] = [
    given.number('wait', 10, { least: 0 }) * 1000,
    given.number('peers', 1, { least: 1, whole: true })
  ]
  const service = await memberOf(invocation)
  const screen = new Screen(service, invocation)
  try {
    await listen(service, invocation)
    if (ending.code !== null) return ending.code
    screen.listening()
    if (given.flag('once')) return await once(service, { peers, waitMs, errors, ending })
    await untilEnd(invocation, service, screen)
    return ending.code ?? 0
  } finally {
    screen.close()
    await close(service)
  }
}

/** Sends the whole input to the peers that are connected in time. */
async function once(
  service: Service,
  { peers, waitMs, errors, ending }: { peers: number; waitMs: number; errors: Output; ending: Ending }
): Promise<ExitCode> {
  if (!(await enough(service, { peers, waitMs, ending }))) {
    const { length } = service.connections
    if (ending.code === null)
      errors.line(
        `tcpnet: ${length} of ${peers} peers came within ${waitMs / 1000} s. "npx tcpnet doctor ${service.name}" tells why.`
      )
    return ending.code ?? 1
  }
  return (await sendAll(process.stdin, service, ending)) ? await end(service, errors, ending) : (ending.code ?? 0)
}

/** Resolves with whether enough peers are connected. */
async function enough(
  service: Service,
  { peers, waitMs, ending }: { peers: number; waitMs: number; ending: Ending }
): Promise<boolean> {
  const late = performance.now() + waitMs
  const isThere = () => service.connections.length >= peers
  while (!isThere() && ending.code === null && performance.now() < late) {
    await new Promise<void>((resolve) => {
      const go = () => {
        service.off('connection', go)
        resolve()
      }
      service.on('connection', go)
      void ending.pause(Math.max(late - performance.now(), 1)).then(go)
    })
  }
  return isThere()
}

/** After the whole input was written: waits until the peers have acknowledged it. */
async function end(service: Service, errors: Output, ending: Ending): Promise<ExitCode> {
  const owing = await delivered(service, DELIVERY_MS, ending.signal)
  if (ending.code !== null) return ending.code
  for (const uuid of owing) errors.line(`tcpnet: ${shortUuid(uuid)} has not taken all within ${DELIVERY_MS / 1000} s`)
  return owing.length === 0 ? 0 : 1
}

/** Without --once: sends until the input ends, or with --stay until something else ends the command. */
async function untilEnd({ arguments: given, errors, ending }: Invocation, service: Service, screen: Screen) {
  const ended = screen.isInteractive ? screen.readLines() : sendAll(process.stdin, service, ending)
  const isAtEnd = await ended
  if (isAtEnd && !given.flag('stay')) return void (await end(service, errors, ending))
  await ending.ended
}

/**
 * Sends a stream to all connected peers, at the pace of the slowest.
 *
 * @returns whether the stream has ended; false if the command ended first
 */
function sendAll(input: Readable, service: Service, ending: Ending): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = (isAtEnd: boolean) => {
      input.off('data', send).off('end', onEnd).off('error', onEnd).pause()
      ending.signal.removeEventListener('abort', onAbort)
      resolve(isAtEnd)
    }
    const onEnd = () => stop(true)
    const onAbort = () => stop(false)
    const send = (chunk: Buffer | string) => {
      const behind = service.connections.filter((socket) => socket.writable && !socket.write(chunk))
      if (behind.length === 0) return
      input.pause()
      void Promise.all(behind.map(drained)).then(() => input.resume())
    }
    ending.signal.addEventListener('abort', onAbort, { once: true })
    if (ending.signal.aborted) return onAbort()
    // Closing the terminal causes an error of the stream.
    input.on('end', onEnd).on('error', onEnd).on('data', send)
  })
}

/** Resolves when a socket has drained or closed. */
function drained(socket: PeerSocket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    if (socket.destroyed) return resolve()
    socket.on('drain', done).on('close', done)
  })
}

/** Shows the connections of peers and what they send. */
class Screen {
  readonly #service: Service
  readonly #output: Output
  readonly #json: boolean
  readonly #ending: Ending
  /** Reads lines from a terminal; null if input or output is not a terminal. */
  readonly #editor: ReturnType<typeof createInterface> | null
  /** Whether the editor is closed: then Node 24 throws if a prompt is shown. */
  #isInputOver = false

  constructor(service: Service, { arguments: given, output, ending }: Invocation) {
    this.#service = service
    this.#output = output
    this.#json = given.flag('json')
    this.#ending = ending
    const isInteractive = process.stdin.isTTY === true && output.isTerminal && !this.#json && !given.flag('once')
    this.#editor = isInteractive
      ? createInterface({ input: process.stdin, output: process.stdout, prompt: '> ', historySize: 100 })
      : null
    service.on('connection', this.#onConnection)
    service.on('offline', (reason) => this.#tell({ event: 'offline', reason: reason.message }, `! ${reason.message}`))
    service.on('online', () => this.#tell({ event: 'online' }, '! announced again'))
  }

  /** Whether lines are edited on a terminal. */
  get isInteractive(): boolean {
    return this.#editor !== null
  }

  listening(): void {
    const { uuid, name } = this.#service
    const { port, addresses } = this.#service.address() ?? { port: 0, addresses: [] }
    const where = `${addresses.join(', ')} port ${port}`
    this.#tell({ event: 'listening', name, uuid, port, addresses }, `* ${name}: I am ${shortUuid(uuid)} on ${where}`)
    this.#editor?.prompt()
  }

  /** Sends the typed lines. Resolves with whether the input has ended; false if the command ended first. */
  readLines(): Promise<boolean> {
    const editor = this.#editor
    return new Promise((resolve) => {
      if (editor === null) return resolve(true)
      editor.on('SIGINT', () => this.#ending.end(130))
      editor.on('line', (line) => {
        for (const socket of this.#service.connections) if (socket.writable) socket.write(`${line}\n`)
        if (this.#service.connections.length === 0) this.#tell({ event: 'nobody' }, '! nobody is connected')
        editor.prompt()
      })
      editor.on('close', () => {
        this.#isInputOver = true
        resolve(this.#ending.code === null)
      })
      this.#ending.signal.addEventListener('abort', () => resolve(false), { once: true })
    })
  }

  close(): void {
    this.#editor?.close()
  }

  readonly #onConnection = (socket: PeerSocket): void => {
    const { uuid } = socket.peer
    const [address, port] = [plainAddress(socket.remoteAddress ?? ''), socket.remotePort ?? 0]
    const where = { peer: uuid, address, port }
    this.#tell(
      { event: 'connected', ...where },
      this.#presence('green', `+ ${shortUuid(uuid)} ${endpointOf(address, port)}`)
    )
    const lines = new Lines((text) =>
      this.#tell(
        { event: 'line', peer: uuid, text },
        `${this.#output.styled('cyan', `${shortUuid(uuid)}:`)} ${shownText(text)}`
      )
    )
    let error: string | null = null
    socket.on('data', (chunk: Buffer) => {
      lines.add(chunk)
      if (!this.#output.isBehind) return
      socket.pause()
      this.#output.whenDrained(() => socket.resume())
    })
    socket.on('error', (reason) => {
      error = reason.message
    })
    socket.on('close', () => {
      lines.end()
      const why = error === null ? '' : ` (${shownText(error)})`
      this.#tell({ event: 'disconnected', ...where, error }, this.#presence('yellow', `- ${shortUuid(uuid)}${why}`))
    })
  }

  #presence(style: 'green' | 'yellow', text: string): string {
    return this.#output.styled(style, text)
  }

  /** Writes a line above the one that is being typed. */
  #tell(event: object, text: string): void {
    if (this.#editor === null) return this.#output.line(this.#json ? jsonLine(event) : text)
    this.#output.write('\r\x1b[K')
    this.#output.line(text)
    if (this.#ending.code === null && !this.#isInputOver) this.#editor.prompt(true)
  }
}
