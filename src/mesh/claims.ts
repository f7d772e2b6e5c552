import type { Applicant } from './applicant.js'
import type { Places } from './places.js'

/** A connection that claims a uuid: its address, and the boot that its hello names. */
export interface Claim {
  readonly address: string
  readonly boot: string
}

/** The claim of an inbound connection. */
export function applicantOf({ address, hello }: Applicant): Claim {
  return { address, boot: hello.boot }
}

/**
 * How a claim of a uuid compares with an earlier one. Without security any host can claim a uuid: a claim from an address at
 * which discovery, or a dial of ours, has found the peer is better than one from another address. Claims with the same boot are
 * alike: they come from the same service, which may have several addresses, and the later claim is used.
 */
export function standingOf(
  places: Pick<Places, 'isPlacedAt'>,
  earlier: Claim,
  later: Claim
): 'better' | 'alike' | 'worse' {
  if (earlier.boot === later.boot) return 'alike'
  const [was, is] = [places.isPlacedAt(earlier.address), places.isPlacedAt(later.address)]
  if (was === is) return 'alike'
  return is ? 'better' : 'worse'
}
