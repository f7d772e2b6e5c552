/** What istanbul-lib-instrument makes every instrumented file count: statements, functions, branches. */
interface FileCoverage {
  readonly s: Record<string, number>
  readonly f: Record<string, number>
  readonly b: Record<string, number[]>
}

/** How often something ran, as a bit: once, twice or thrice, up to 15 times, up to 127, more. */
function bitOf(count: number): number {
  if (count < 2) return 1
  if (count < 4) return 2
  if (count < 16) return 4
  return count < 128 ? 8 : 16
}

/** What of the instrumented code has run so far, and how often at a time. */
export class Coverage {
  readonly #seen: number[] = []

  /** How many places have run. */
  get places(): number {
    return this.#seen.filter((bits) => bits > 0).length
  }

  /** Adds what has run since the last time. Returns whether there was something new. */
  collect(): boolean {
    const files = (globalThis as { __coverage__?: Record<string, FileCoverage> }).__coverage__ ?? {}
    let [place, isNew] = [0, false]
    for (const { s, f, b } of Object.values(files)) {
      for (const counters of [s, f, ...Object.values(b)] as Record<string, number>[]) {
        for (const key in counters) {
          const count = counters[key] ?? 0
          if (count > 0) {
            counters[key] = 0
            const [bits, bit] = [this.#seen[place] ?? 0, bitOf(count)]
            isNew ||= (bits & bit) === 0
            this.#seen[place] = bits | bit
          }
          place++
        }
      }
    }
    return isNew
  }
}
