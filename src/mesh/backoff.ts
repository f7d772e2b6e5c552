/** The delay before the first redial, in milliseconds. */
export const FIRST_DELAY_MS = 100
/** The longest delay between dials, in milliseconds. */
export const LONGEST_DELAY_MS = 10_000
/** A connection that lasts this long, in milliseconds, resets the link's failures. */
export const GOOD_CONNECTION_MS = 15_000

/**
 * Milliseconds to wait before the next dial, after a number of failures in a row: 100, doubled for each up to 10,000, less a
 * random part of up to a quarter, so that two sides that failed at the same time do not dial at the same time again.
 *
 * @param failures the number of failed dials and short-lived connections; at least 1
 * @param random a number from 0 (inclusive) to 1 (exclusive)
 */
export function backoffMs(failures: number, random: number): number {
  const full = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS)
  return Math.round(full * (1 - random / 4))
}
