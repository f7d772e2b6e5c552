import type { Socket } from 'node:net'
import { canonical } from '../net/addresses.js'
import { type BucketLimits, TokenBucket } from '../token-bucket.js'
import type { Applicant } from './applicant.js'
import { applicantOf, standingOf } from './claims.js'
import type { Link } from './link.js'

export interface ReplacementsOptions {
  /** How often a peer's connection may be replaced; default: {@link REPLACEMENTS}. */
  readonly limits: BucketLimits | undefined
  /** Asks where a peer is. */
  readonly place: (link: Link) => void
  /** A connection that could not be replaced may now be replaceable. */
  readonly onDue: (link: Link) => void
}

/**
 * How often a peer's connection may be replaced by another dial that claims its uuid. A peer that restarts is accepted at once;
 * without security any host can claim a uuid, and without this limit could close the peer's connection again and again.
 */
const REPLACEMENTS: BucketLimits = { perSecond: 1, burst: 3 }

/** The state of a peer whose uuid another connection claims. */
interface Contest {
  readonly bucket: TokenBucket
  /** Whether an applicant waits until the connection may be replaced again. */
  isPaced: boolean
}

/** Decides when a connection of a mesh may be replaced by another one that claims the same uuid. */
export class Replacements {
  readonly #options: ReplacementsOptions
  readonly #contests = new WeakMap<Link, Contest>()

  constructor(options: ReplacementsOptions) {
    this.#options = options
  }

  /**
   * Decides whether an applicant may replace the connection now, and counts the replacement. If it may not, `onDue` is called
   * when it may, unless the applicant's claim is worse than that of the connection.
   *
   * @returns whether the connection is to be replaced
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
