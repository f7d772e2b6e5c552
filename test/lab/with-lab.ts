import assert from 'node:assert/strict'
import { Lab } from './lab.js'
import { leftovers } from './leftovers.js'

/**
 * Runs with a lab, which is closed at the end and must leave nothing behind. Rejects with the error of the body, of
 * closing, or both.
 */
export async function withLab<T>(body: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = await Lab.create()
  const [outcome] = await Promise.allSettled([body(lab)])
  const [closing] = await Promise.allSettled([closeLab(lab)])
  const reasons = [outcome, closing].flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  if (outcome.status === 'fulfilled' && reasons.length === 0) return outcome.value
  throw reasons.length === 1 ? reasons[0] : new AggregateError(reasons, reasons.map(String).join('\nand then: '))
}

/** Closes a lab, and fails if it left something behind. */
export async function closeLab(lab: Lab): Promise<void> {
  await lab.close()
  assert.deepEqual(await leftovers(lab.id), [], 'the lab left something behind')
}
