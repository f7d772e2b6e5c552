// The generator of draft-irtf-cfrg-cpace-21 §8.1 and §8.2, with the group X25519 and SHA-512: a point that can only be computed
// with the secret, and that differs between channels.
import { createHash } from 'node:crypto'
import { concatenate, prependLength } from './strings.js'

/** `G_X25519.DSI` (§8.2). */
export const DOMAIN = Buffer.from('CPace255')
/** The bytes of a coordinate, `G_X25519.field_size_bytes` (§8.2). */
export const POINT_BYTES = 32
/** The input block of SHA-512, `H.s_in_bytes` (§6.2). */
const BLOCK_BYTES = 128

/** Maps a field element to the u-coordinate of a point: Elligator 2 (RFC 9380 §6.7.1). */
export type MapToCurve = (element: Uint8Array) => Buffer

/**
 * `calculate_generator` (§8.2), without a session identifier.
 *
 * @param secret PRS, the string derived from the password
 * @param channel CI, which has to be the same on both sides
 */
export function generatorOf(secret: Uint8Array, channel: Uint8Array, map: MapToCurve, sid = NO_SID): Buffer {
  const string = generatorString(secret, channel, sid)
  const element = createHash('sha512').update(string).digest().subarray(0, POINT_BYTES)
  return map(decodeCoordinate(element))
}

const NO_SID = Buffer.alloc(0)

/**
 * `generator_string` (§8.1, §A.2): zeros fill the first block, so that the time does not depend on the length of the secret.
 */
export function generatorString(secret: Uint8Array, channel: Uint8Array, sid: Uint8Array): Buffer {
  const used = 1 + prependLength(secret).length + prependLength(DOMAIN).length
  return concatenate(DOMAIN, secret, Buffer.alloc(Math.max(0, BLOCK_BYTES - used)), channel, sid)
}

/** `decodeUCoordinate` (§A.4, RFC 7748 §5): the top bit is not used. */
function decodeCoordinate(bytes: Uint8Array): Buffer {
  const decoded = Buffer.from(bytes)
  decoded[POINT_BYTES - 1] = (decoded[POINT_BYTES - 1] ?? 0) & 0x7f
  return decoded
}
