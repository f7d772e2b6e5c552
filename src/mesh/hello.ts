import type { Socket } from 'node:net'
import { TcpnetError } from '../errors.js'
import { parseUuid } from '../uuid.js'

/** The version of the hello. */
const VERSION = 1
/** The longest line, its newline included, in bytes. */
export const MAX_LINE_BYTES = 4096
/** The greatest count that a line may have: more than a service can reach. */
export const MAX_COUNT = 2 ** 32 - 1
const NEWLINE = 0x0a
const BOOT = /^[0-9a-f]{16}$/

/** The dialer's line. */
export interface Hello {
  /** The cluster's name. */
  readonly name: string
  /** The dialer's uuid. */
  readonly from: string
  /** The dialer's boot: 64 random bits in hexadecimal. */
  readonly boot: string
  /** The uuid of the service that is dialed. */
  readonly to: string
  /** How many dials the dialer has answered with `ok` so far. */
  readonly seq: number
  /** The number of this dial: greater than that of the dialer's earlier ones; null where the dialer does not count. */
  readonly dial: number | null
}

/** Why an acceptor refused a dial. */
export type RefusalReason = 'version' | 'name' | 'not-me' | 'self' | 'full' | 'busy'

const REASONS: readonly string[] = ['version', 'name', 'not-me', 'self', 'full', 'busy'] satisfies RefusalReason[]

/** The acceptor's line. */
export type Answer =
  /** The connection stands. `seq` counts this dial; `boot` is the acceptor's. */
  | { readonly status: 'ok'; readonly seq: number; readonly boot: string }
  /** There is a connection between the two already. */
  | { readonly status: 'connected' }
  | { readonly status: 'refused'; readonly reason: RefusalReason | null }

/** The dialer's line for the wire. */
export function encodeHello(hello: Hello): string {
  return `${JSON.stringify({ tcpnet: VERSION, ...hello })}\n`
}

/** The acceptor's line for the wire. */
export function encodeAnswer(answer: Answer): string {
  return `${JSON.stringify({ tcpnet: VERSION, ...answer })}\n`
}

/** Reads a dialer's line. Unknown fields are ignored. */
export function decodeHello(line: string): Hello | TcpnetError {
  const fields = parseObject(line)
  if (fields === null) return invalid('is not a hello')
  if (fields.tcpnet !== VERSION) return wrongVersion(fields.tcpnet)
  const { name, seq } = fields
  const [from, boot, to] = [uuidOf(fields.from), bootOf(fields.boot), uuidOf(fields.to)]
  if (typeof name !== 'string' || from === null || boot === null || to === null || !isCount(seq)) {
    return invalid('lacks a field, or has one of the wrong form')
  }
  return { name, from, boot, to, seq, dial: isCount(fields.dial) ? fields.dial : null }
}

/** Reads an acceptor's line. Unknown fields are ignored. */
export function decodeAnswer(line: string): Answer | TcpnetError {
  const fields = parseObject(line)
  if (fields === null) return invalid('is not an answer')
  const { status, seq, reason } = fields
  if (status === 'refused') return { status, reason: isReason(reason) ? reason : null }
  if (fields.tcpnet !== VERSION) return wrongVersion(fields.tcpnet)
  if (status === 'connected') return { status }
  const boot = bootOf(fields.boot)
  if (status === 'ok' && boot !== null && isCount(seq)) return { status, seq, boot }
  return invalid('is not an answer')
}

/** What {@link readLine} found. */
export type Line = string | TcpnetError | null

/** The connection ended too early. */
export function hasEnded(): TcpnetError {
  return new TcpnetError('ERR_TCPNET_HELLO_ENDED', 'The connection ended before the hello was complete.')
}

/**
 * Reads one line from a socket that nobody reads yet, and leaves the socket as it was found: not flowing, with the bytes
 * behind the line still to be read. `done` is called once, never from within; with an error where the line is too long
 * or the socket ends before it is whole, with null where it ends before a single byte. The socket is destroyed by the
 * caller alone.
 *
 * @returns a function that gives up: `done` is not called after it
 */
export function readLine(socket: Socket, done: (line: Line) => void): () => void {
  const chunks: Buffer[] = []
  let size = 0
  let wanted = true

  const release = () => {
    socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd)
  }
  const stop = () => {
    wanted = false
    release()
  }
  // Without a 'readable' listener a stream returns to its initial mode in the next tick, and not before.
  const finish = (line: Line) => {
    release()
    process.nextTick(() => {
      if (wanted) done(line)
    })
  }
  const onReadable = () => {
    for (let chunk = read(socket); chunk !== null; chunk = read(socket)) {
      const end = chunk.indexOf(NEWLINE)
      const length = end < 0 ? chunk.length : end + 1
      size += length
      chunks.push(chunk.subarray(0, length))
      if (size > MAX_LINE_BYTES) return finish(tooLong())
      if (end < 0) continue
      if (length < chunk.length) socket.unshift(chunk.subarray(length))
      return finish(Buffer.concat(chunks).toString('utf8', 0, size - 1))
    }
  }
  const onEnd = () => {
    finish(size === 0 ? null : hasEnded())
  }

  socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd)
  return stop
}

function read(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null
}

function parseObject(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

function uuidOf(value: unknown): string | null {
  return typeof value === 'string' ? parseUuid(value) : null
}

function bootOf(value: unknown): string | null {
  return typeof value === 'string' && BOOT.test(value) ? value : null
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_COUNT
}

function isReason(value: unknown): value is RefusalReason {
  return typeof value === 'string' && REASONS.includes(value)
}

function invalid(what: string): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_HELLO_INVALID',
    `The first line of the connection ${what}: the other side is no tcpnet service. Check who connects to this port.`
  )
}

function wrongVersion(version: unknown): TcpnetError {
  const said = typeof version === 'number' ? `version ${version}` : 'no version'
  return new TcpnetError(
    'ERR_TCPNET_VERSION',
    `The other side's hello has ${said}, this one speaks version ${VERSION}: use one major version of tcpnet in a cluster.`
  )
}

function tooLong(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_HELLO_TOO_LONG',
    `The first line of the connection is longer than ${MAX_LINE_BYTES} bytes: the other side is no tcpnet service.`
  )
}
