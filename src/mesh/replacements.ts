import type { Socket } from 'node:net'
import { canonical } from '../net/addresses.js'
import { type BucketLimits, TokenBucket } from '../token-bucket.js'
import type { Applicant } from './applicant.js'
import { applicantOf, standingOf } from './claims.js'
import type { Link } from './link.js'

export interface ReplacementsOptions {
  /** How often a peer's connection is replaced; default: {@link REPLACEMENTS}. */
  readonly limits: BucketLimits | undefined
  /** Asks where a peer is, now and then. */
  readonly place: (link: Link) => void
  /** The question whether a connection gives way may have another answer now. */
  readonly onDue: (link: Link) => void
}

/**
 * How often a peer's connection gives way to another dial that claims its uuid. A peer that restarts is let in at once;
 * without security any host can claim a uuid, and could close the peer's connection all the time.
 */
const REPLACEMENTS: BucketLimits = { perSecond: 1, burst: 3 }

/** What is known of a peer whose connection others claim. */
interface Contest {
  readonly bucket: TokenBucket
  /** Whether an applicant waits until the connection may be replaced again. */
  isPaced: boolean
}

/** Decides when the connections of a mesh give way to others that claim to be of the same peers. */
export class Replacements {
  readonly #options: ReplacementsOptions
  readonly #contests = new WeakMap<Link, Contest>()

  constructor(options: ReplacementsOptions) {
    this.#options = options
  }

  /**
   * Counts a replacement, where the connection may give way to an applicant now. Where it may not, `onDue` follows when it may,
   * unless the applicant is worse than the connection.
   *
   * @returns whether it gives way
   */
  allow(
    link: Link,
    { socket, boot }: { readonly socket: Socket; readonly boot: string },
    applicant: Applicant
  ): boolean {
    const held = { address: canonical(socket.remoteAddress ?? ''), boot }
    const standing = standingOf(link.places, held, applicantOf(applicant))
    if (standing === 'better') return true
    if (!link.places.isPlacedAt(applicant.address)) this.#options.place(link)
    return standing === 'alike' && this.#take(link, this.#contestOf(link))
  }

  #contestOf(link: Link): Contest {
    const known = this.#contests.get(link)
    if (known !== undefined) return known
    const bucket = new TokenBucket(this.#options.limits ?? REPLACEMENTS)
    const contest = { bucket, isPaced: false }
    this.#contests.set(link, contest)
    return contest
  }

  #take(link: Link, contest: Contest): boolean {
    const waitMs = contest.bucket.waitMs()
    if (waitMs === 0) {
      contest.bucket.take()
      return true
    }
    if (contest.isPaced) return false
    contest.isPaced = true
    const onTime = () => {
      contest.isPaced = false
      this.#options.onDue(link)
    }
    setTimeout(onTime, waitMs).unref()
    return false
  }
}
