/**
 * `problem`: services cannot find or reach each other; `warning`: that may happen, or something works differently than
 * it should; `note`: information; `good`: was checked without a finding.
 */
export type Severity = 'problem' | 'warning' | 'note' | 'good'

/** A result of a check. */
export interface Finding {
  /** The check that found it: `daemon`. */
  readonly check: string
  readonly severity: Severity
  /** The cause, as a sentence. */
  readonly what: string
  /** What to do about it; null if there is nothing to do. */
  readonly remedy: string | null
}

/** Functions that make the findings of one check. */
export function findings(check: string) {
  const make =
    (severity: Severity) =>
    (what: string, remedy: string | null = null) =>
      ({ check, severity, what, remedy }) satisfies Finding
  return { problem: make('problem'), warning: make('warning'), note: make('note'), good: make('good') }
}

/** Whether there is neither a problem nor a warning. */
export function isWell(all: readonly Finding[]): boolean {
  return !all.some(({ severity }) => severity === 'problem' || severity === 'warning')
}
