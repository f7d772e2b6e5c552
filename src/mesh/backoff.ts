/** The delay before the first redial, in milliseconds. */
export const FIRST_DELAY_MS = 100
/** The longest delay between dials, in milliseconds. */
export const LONGEST_DELAY_MS = 10_000
/** A connection that lived this long, in milliseconds, makes the link forget its failures. */
export const GOOD_CONNECTION_MS = 15_000

/**
 * Milliseconds to wait before the next dial, after so many failures in a row: 100, doubling to 10,000, of which a random
 * quarter is taken off, so that two sides that failed together do not meet again.
 *
 * @param failures how many dials or short-lived connections came to nothing; at least 1
 * @param random a number from 0 (inclusive) to 1 (exclusive)
 */
export function backoffMs(failures: number, random: number): number {
  const full = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS)
  return Math.round(full * (1 - random / 4))
}
