import { type Resource, rdataBytes, TYPE_NUMBERS } from './records.js'

/**
 * Compares the records of two hosts that probe for the same name at the same time; the lexicographically later ones
 * win. Sorted records are compared one by one, by type and then by data (RFC 6762 §8.2, §8.2.1). All are of class IN.
 *
 * @returns less than 0 if our records are earlier, more than 0 if they are later, 0 if they are the same
 */
export function compareClaims(ours: readonly Resource[], theirs: readonly Resource[]): number {
  const [a, b] = [ours, theirs].map((records) => [...records].sort(compareRecords))
  for (let i = 0; ; i++) {
    const [one, other] = [a?.[i], b?.[i]]
    // The list that ends first is earlier.
    if (one === undefined) return other === undefined ? 0 : -1
    if (other === undefined) return 1
    const order = compareRecords(one, other)
    if (order !== 0) return order
  }
}

function compareRecords(one: Resource, other: Resource): number {
  return TYPE_NUMBERS[one.type] - TYPE_NUMBERS[other.type] || Buffer.compare(rdataBytes(one), rdataBytes(other))
}
