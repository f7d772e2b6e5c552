// The group of draft-irtf-cfrg-cpace-21 §8.2: X25519 (RFC 7748 §5), by node:crypto.
import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { POINT_BYTES } from './generator.js'

/** `G_X25519.I` (§8.2): the neutral element. */
const NEUTRAL = Buffer.alloc(POINT_BYTES)

/**
 * `sample_scalar` (§8.2, §10.7): 32 random bytes, in the form of a private key of X25519. They stay outside JavaScript, which
 * could not erase them. A scalar is used in one run only (§10.9).
 */
export function sampleScalar(): KeyObject {
  return generateKeyPairSync('x25519').privateKey
}

/**
 * `scalar_mult` and `scalar_mult_vfy` (§8.2).
 *
 * @param exchange Diffie-Hellman of scalar and point; tests replace it
 * @returns null for the neutral element: the point is of low order, and the result does not depend on the scalar (§7.2: "MUST
 *   abort")
 */
export function multiply(scalar: KeyObject, point: Uint8Array, exchange = diffieHellman): Buffer | null {
  const x = Buffer.from(point).toString('base64url')
  // As a JWK (RFC 8037 §2): on Node 20, reading DER takes ten times as long.
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' })
  let product: Buffer
  try {
    product = exchange({ privateKey: scalar, publicKey })
  } catch {
    // Some libraries check for the neutral element themselves (RFC 7748 §6.1).
    return null
  }
  return product.equals(NEUTRAL) ? null : product
}
