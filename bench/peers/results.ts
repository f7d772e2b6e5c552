import { median } from '../lib/figures.js'

/** One run of a scenario with a peer: a value, or why there is none. */
export interface Result {
  /** What was measured: a key of METRICS in report.ts. */
  readonly metric: string
  readonly peer: string
  /** The number of members, if it varies. */
  readonly nodes?: number
  readonly value?: number
  readonly failed?: string
  /** What the members wrote, if it failed. */
  readonly log?: string
}

/** The results of one invocation, and its circumstances. */
export interface Session {
  readonly at: string
  readonly machine: string
  /** The load at the start and at the end. */
  readonly conditions: readonly string[]
  /** Versions of the packages, by name. */
  readonly versions: Readonly<Record<string, string>>
  readonly results: readonly Result[]
}

/** A result that counts, with the letter of its session. */
export interface Current extends Result {
  readonly run: string
}

/**
 * Of each metric, peer and size the results of the newest session that has some: results of different sessions never make
 * one median. Sessions of which nothing counts have no letter.
 */
export function current(sessions: readonly Session[]): Map<Session, readonly Current[]> {
  const keyOf = ({ metric, peer, nodes }: Result) => [metric, peer, nodes].join()
  const newest = new Map(sessions.flatMap((session) => session.results.map((result) => [keyOf(result), session])))
  const found = new Map<Session, readonly Current[]>()
  for (const session of sessions) {
    const run = String.fromCharCode('A'.charCodeAt(0) + found.size)
    const counting = session.results.filter((result) => newest.get(keyOf(result)) === session)
    if (counting.length > 0)
      found.set(
        session,
        counting.map((result) => ({ ...result, run }))
      )
  }
  return found
}

/** The JSON of a session, with a line for each result. */
export function textOf({ results, ...circumstances }: Session): string {
  const head = JSON.stringify(circumstances).slice(0, -1)
  return `${head},"results":[\n${results.map((result) => JSON.stringify(result)).join(',\n')}\n]}\n`
}

/** The results of one metric, peer and size together. */
export interface Summary {
  /** Null if no run succeeded. */
  readonly median: number | null
  readonly least: number
  readonly most: number
  readonly runs: number
  /** The reasons of runs that failed. */
  readonly failures: readonly string[]
}

export function summarize(results: readonly Result[]): Summary {
  const values = results.flatMap(({ value }) => (value === undefined ? [] : [value]))
  return {
    median: values.length === 0 ? null : median(values),
    least: Math.min(...values),
    most: Math.max(...values),
    runs: results.length,
    failures: results.flatMap(({ failed }) => (failed === undefined ? [] : [failed]))
  }
}

/** The results of one metric, peer and size. */
export function selected(results: readonly Current[], metric: string, peer: string, nodes?: number): Current[] {
  return results.filter((one) => one.metric === metric && one.peer === peer && (nodes ?? one.nodes) === one.nodes)
}
