import { TcpnetError } from '../errors.js'
import { parseUuid } from '../uuid.js'

/** The version of the hello. */
const VERSION = 1
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
}

/** Why an acceptor refused a dial. */
export type RefusalReason = 'version' | 'name' | 'not-me' | 'self' | 'full' | 'busy'

const REASONS: readonly string[] = ['version', 'name', 'not-me', 'self', 'full', 'busy'] satisfies RefusalReason[]

/** The acceptor's line. */
export type Answer =
  /** The connection stands. `seq` counts this dial; `boot` is the acceptor's, null where it did not tell. */
  | { readonly status: 'ok'; readonly seq: number; readonly boot: string | null }
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
  return { name, from, boot, to, seq }
}

/** Reads an acceptor's line. Unknown fields are ignored. */
export function decodeAnswer(line: string): Answer | TcpnetError {
  const fields = parseObject(line)
  if (fields === null) return invalid('is not an answer')
  const { status, seq, reason } = fields
  if (status === 'refused') return { status, reason: isReason(reason) ? reason : null }
  if (fields.tcpnet !== VERSION) return wrongVersion(fields.tcpnet)
  if (status === 'connected') return { status }
  if (status === 'ok' && isCount(seq)) return { status, seq, boot: bootOf(fields.boot) }
  return invalid('is not an answer')
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
  return Number.isSafeInteger(value) && (value as number) >= 0
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
