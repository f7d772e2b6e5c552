/** The times of looks and questions, in milliseconds. */
export interface LookTimes {
  /** When a service that starts asks for its peers: each interval is at least twice the one before (RFC 6762 §5.2). */
  readonly startAtMs: readonly number[]
  /** How long after its announcement a service repeats the question, for peers that were announced at the same time. */
  readonly announcedMs: number
  /** The time of another repetition if no peer is known by then, so that two services that start together need not wait. */
  readonly aloneMs: number
  /** When the network is asked for a uuid that the caller chose, counted from the start. */
  readonly askAtMs: readonly number[]
  /** How long to wait for answers after the last of those questions. */
  readonly answerMs: number
  /** How long to wait for answers after the last question of a look. */
  readonly lastAnswerMs: number
  /** The average time between two later looks in a small cluster. */
  readonly againMs: number
  /** The same while the daemon is away. */
  readonly offlineMs: number
  /** The same while no peer is seen any more. */
  readonly leftMs: number
  /** How long the network has to answer where an instance is, before the daemon is asked as well. */
  readonly locateMs: number
}

/**
 * - A uuid that the caller chose is asked for twice: mDNSResponder answers no question for a record that it has sent by
 *   multicast less than a second ago (RFC 6762 §6), and without an answer Avahi considers the name free.
 * - `answerMs` is as long as a host that probes for a name waits for an answer (§8.1).
 * - `againMs` is the TTL of a host's records (§10). The questions of daemons become rarer, up to one an hour (§5.2): without
 *   later looks, two parts of a network that were separated for long would not find each other.
 * - `offlineMs` is shorter: while the daemon is away, only looks find new peers.
 * - `leftMs` is shorter: the network may be split, and once it is joined only looks find those that the driver has forgotten.
 */
export const LOOK_TIMES: LookTimes = {
  startAtMs: [0, 1000, 3000],
  announcedMs: 50,
  aloneMs: 5,
  askAtMs: [0, 1000],
  answerMs: 250,
  lastAnswerMs: 2000,
  againMs: 120_000,
  offlineMs: 10_000,
  leftMs: 20_000,
  locateMs: 250
}

/**
 * In a cluster with more members than this, looks are proportionally rarer, so that their cost for each member does not grow.
 */
const SMALL_CLUSTER = 10

/**
 * Milliseconds until the next look: up to a quarter more or less than the average, so that members do not look at the same
 * time, and longer in a large cluster, so that the cost for each member does not grow.
 *
 * @param againMs the average in a small cluster
 * @param random a number from 0 to 1
 */
export function nextLookMs(againMs: number, peers: number, random: number): number {
  return againMs * Math.max(peers / SMALL_CLUSTER, 1) * (0.75 + random / 2)
}
