// The lines that two services exchange inside TLS before the hello, to prove that they know the secret. Each is a JSON object
// and a newline, like the hello; bytes are written as hexadecimal digits.
import { parseUuid } from '../uuid.js'

/** The version of these lines. */
const VERSION = 1
const SHARE = /^[0-9a-f]{64}$/
const PROOF = /^[0-9a-f]{128}$/
/** The greatest attempt in a line: the number is not reduced modulo the number of secrets. */
const MAX_ATTEMPT = 2 ** 16

/** The first line of each side. */
export interface Share {
  readonly share: Buffer
  /** The sender's uuid. */
  readonly uuid: string
  /** The number of the secret that the acceptor is to use, modulo its number of secrets. The acceptor's line has none. */
  readonly attempt: number
}

export function encodeShare({ share, uuid, attempt }: Omit<Share, 'attempt'> & { attempt?: number }): string {
  return `${JSON.stringify({ cpace: VERSION, share: hexOf(share), uuid, attempt })}\n`
}

/** Reads a first line; null if the line is none. Unknown fields are ignored. */
export function decodeShare(line: string): Share | null {
  const { cpace, share, uuid, attempt = 0 } = parse(line)
  const parsed = typeof uuid === 'string' ? parseUuid(uuid) : null
  if (cpace !== VERSION || typeof share !== 'string' || !SHARE.test(share) || parsed === null) return null
  if (typeof attempt !== 'number' || !Number.isInteger(attempt) || attempt < 0 || attempt > MAX_ATTEMPT) return null
  return { share: Buffer.from(share, 'hex'), uuid: parsed, attempt }
}

/** The second line of each side; the hello or its answer follows. */
export function encodeProof(proof: Uint8Array): string {
  return `${JSON.stringify({ proof: hexOf(proof) })}\n`
}

/** Reads a second line; null if the line is none. */
export function decodeProof(line: string): Buffer | null {
  const { proof } = parse(line)
  return typeof proof === 'string' && PROOF.test(proof) ? Buffer.from(proof, 'hex') : null
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function parse(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
