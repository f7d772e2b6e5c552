import { type ErrorCode, TcpnetError } from '../errors.js'
import { LONGEST_KEEP_ALIVE_S } from '../net/dead-peer.js'
import { parseUuid } from '../uuid.js'

/** The version of the hello. */
const VERSION = 1
/** The greatest count that a line may contain: more than a service can reach. */
export const MAX_COUNT = 2 ** 32 - 1
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
  /** The number of this dial: greater than that of the dialer's earlier dials; null if the hello has none. */
  readonly dial: number | null
  /** The port on which the dialer listens; null if the hello has none. */
  readonly port: number | null
  /**
   * The dialer's kernel sends a keep-alive probe whenever the acceptor has been silent for this many seconds; null if the hello
   * does not promise that.
   */
  readonly keepalive: number | null
}

/** Why an acceptor refused a dial. */
export type RefusalReason = 'version' | 'invalid' | 'name' | 'not-me' | 'self' | 'full' | 'busy' | 'unwanted'

const REASONS: readonly string[] = [
  'version',
  'invalid',
  'name',
  'not-me',
  'self',
  'full',
  'busy',
  'unwanted'
] satisfies RefusalReason[]

/** A first line that is no hello of this version. Its message calls the sender "it", and names neither end. */
export class HelloError extends TcpnetError {
  /** The reason for the answer `refused`; null if the sender speaks another protocol, and gets no answer. */
  readonly reason: RefusalReason | null

  constructor(code: ErrorCode, message: string, reason: RefusalReason | null) {
    super(code, message)
    this.reason = reason
  }
}

/** The acceptor's line. */
export type Answer =
  /** The connection is accepted. `seq` counts this dial; `boot` is the acceptor's. */
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
export function decodeHello(line: string): Hello | HelloError {
  const fields = parseObject(line)
  if (fields === null) return noHello()
  if (fields.tcpnet !== VERSION) return wrongVersion(fields.tcpnet)
  const { name, seq } = fields
  const [from, boot, to] = [uuidOf(fields.from), bootOf(fields.boot), uuidOf(fields.to)]
  if (typeof name !== 'string') return wrongField('name')
  if (from === null) return wrongField('from')
  if (boot === null) return wrongField('boot')
  if (to === null) return wrongField('to')
  if (!isCount(seq)) return wrongField('seq')
  const [dial, port] = [isCount(fields.dial) ? fields.dial : null, upTo(65535, fields.port)]
  return { name, from, boot, to, seq, dial, port, keepalive: upTo(LONGEST_KEEP_ALIVE_S, fields.keepalive) }
}

/** Reads an acceptor's line. Unknown fields are ignored. */
export function decodeAnswer(line: string): Answer | TcpnetError {
  const fields = parseObject(line)
  if (fields === null) return noAnswer()
  const { status, seq, reason } = fields
  if (status === 'refused') return { status, reason: isReason(reason) ? reason : null }
  if (fields.tcpnet !== VERSION) return wrongVersion(fields.tcpnet)
  if (status === 'connected') return { status }
  const boot = bootOf(fields.boot)
  if (status === 'ok' && boot !== null && isCount(seq)) return { status, seq, boot }
  return noAnswer()
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

/** A count from 1 to a greatest one; null for anything else. */
function upTo(most: number, value: unknown): number | null {
  return isCount(value) && value >= 1 && value <= most ? value : null
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_COUNT
}

function isReason(value: unknown): value is RefusalReason {
  return typeof value === 'string' && REASONS.includes(value)
}

function noHello(): HelloError {
  return new HelloError(
    'ERR_TCPNET_HELLO_INVALID',
    'Its first line is no hello: it is no tcpnet service. Check what connects to this port.',
    null
  )
}

function wrongField(name: keyof Hello): HelloError {
  return new HelloError(
    'ERR_TCPNET_HELLO_INVALID',
    `Its hello has no "${name}", or one of the wrong form. Use one major version of tcpnet in a cluster.`,
    'invalid'
  )
}

function noAnswer(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_HELLO_INVALID',
    'Its first line is no answer to a hello: no tcpnet service listens there. Check what listens on that port, and what ' +
      'announces it.'
  )
}

function wrongVersion(version: unknown): HelloError {
  const said = typeof version === 'number' ? `version ${version}` : 'no version'
  return new HelloError(
    'ERR_TCPNET_VERSION',
    `Its first line has ${said} of the protocol; this service speaks version ${VERSION}. Use one major version of tcpnet ` +
      'in a cluster.',
    'version'
  )
}
