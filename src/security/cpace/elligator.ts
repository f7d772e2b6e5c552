// Elligator 2 for Curve25519 (draft-irtf-cfrg-cpace-21 §8.2, §A.5; RFC 9380 §6.7.1), by @noble/curves. Loading it takes 20 ms
// and 9 MB: only a service with a secret does that.
import type { MapToCurve } from './generator.js'

/**
 * The library exports the map only under a name that may change: package.json pins one exact version, and a test compares the
 * map with the draft's test vectors.
 */
export async function loadElligator(): Promise<MapToCurve> {
  const [{ _map_to_curve_elligator2_curve25519: map, ed25519 }, { bytesToNumberLE, numberToBytesLE }] =
    await Promise.all([import('@noble/curves/ed25519.js'), import('@noble/curves/utils.js')])
  const { Fp } = ed25519.Point
  return (element) => {
    const { xMn, xMd } = map(Fp.create(bytesToNumberLE(element)))
    // The v-coordinate is not needed (§8.2). xMd is never zero: -1/2 is no square.
    return Buffer.from(numberToBytesLE(Fp.div(xMn, xMd), 32))
  }
}
