import { type Resource, rdataBytes, TYPE_NUMBERS } from './records.js'

/**
 * Whose records for a name are the later ones, where two hosts probe for it at the same time: the host's whose they are may go
 * on. They are compared in order, first by type and then by the bytes of their data (RFC 6762 §8.2, §8.2.1); of class IN are all.
 *
 * @returns below 0 where ours are the earlier ones, above 0 where they are the later ones, 0 where they are alike
 */
export function compareClaims(ours: readonly Resource[], theirs: readonly Resource[]): number {
  const [a, b] = [ours, theirs].map((records) => [...records].sort(compareRecords))
  for (let i = 0; ; i++) {
    const [one, other] = [a?.[i], b?.[i]]
    // Whose list ends first is the earlier one.
    if (one === undefined) return other === undefined ? 0 : -1
    if (other === undefined) return 1
    const order = compareRecords(one, other)
    if (order !== 0) return order
  }
}

function compareRecords(one: Resource, other: Resource): number {
  return TYPE_NUMBERS[one.type] - TYPE_NUMBERS[other.type] || Buffer.compare(rdataBytes(one), rdataBytes(other))
}
