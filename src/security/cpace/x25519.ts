// The group of draft-irtf-cfrg-cpace-21 §8.2: X25519 (RFC 7748 §5) as node:crypto has it.
import { createPrivateKey, createPublicKey, diffieHellman, randomBytes } from 'node:crypto'
import { POINT_BYTES } from './generator.js'

/** What stands before the 32 bytes of a key in DER (RFC 8410 §4, §7). */
const PRIVATE = Buffer.from('302e020100300506032b656e04220420', 'hex')
const PUBLIC = Buffer.from('302a300506032b656e032100', 'hex')
/** `G_X25519.I` (§8.2): the neutral element. */
const NEUTRAL = Buffer.alloc(POINT_BYTES)

/** `sample_scalar` (§8.2, §10.7). A scalar is for one run, and no other (§10.9). */
export function sampleScalar(): Buffer {
  return randomBytes(POINT_BYTES)
}

/**
 * `scalar_mult` and `scalar_mult_vfy` (§8.2).
 *
 * @param exchange Diffie-Hellman of the two; node:crypto's but in tests
 * @returns null for the neutral element: the point is of low order, and tells nothing of the scalar (§7.2: "MUST abort")
 */
export function multiply(scalar: Uint8Array, point: Uint8Array, exchange = diffieHellman): Buffer | null {
  const privateKey = createPrivateKey({ key: Buffer.concat([PRIVATE, scalar]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey({ key: Buffer.concat([PUBLIC, point]), format: 'der', type: 'spki' })
  let product: Buffer
  try {
    product = exchange({ privateKey, publicKey })
  } catch {
    // Some libraries check for the neutral element themselves (RFC 7748 §6.1).
    return null
  }
  return product.equals(NEUTRAL) ? null : product
}
