/**
 * `problem`: services do not see each other, or will not; `warning`: they may not, or it works in another way than it ought to;
 * `note`: good to know; `good`: was looked at, and is well.
 */
export type Severity = 'problem' | 'warning' | 'note' | 'good'

/** What a check has found. */
export interface Finding {
  /** The check that found it: `daemon`. */
  readonly check: string
  readonly severity: Severity
  /** The cause, as a sentence. */
  readonly what: string
  /** What to do about it; null where there is nothing to do. */
  readonly remedy: string | null
}

/** Findings of one check. */
export function findings(check: string) {
  const make =
    (severity: Severity) =>
    (what: string, remedy: string | null = null) =>
      ({ check, severity, what, remedy }) satisfies Finding
  return { problem: make('problem'), warning: make('warning'), note: make('note'), good: make('good') }
}

/** Whether all is well. */
export function isWell(all: readonly Finding[]): boolean {
  return !all.some(({ severity }) => severity === 'problem' || severity === 'warning')
}
