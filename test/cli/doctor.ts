// `tcpnet doctor` as tests run it, and what it finds.
import assert from 'node:assert/strict'
import { type Host, within } from '../lab/index.js'
import { cli, SOON_MS } from './program.js'

export interface ToldFinding {
  readonly check: string
  readonly severity: 'problem' | 'warning' | 'note' | 'good'
  readonly what: string
  readonly remedy: string | null
}

/** What the doctor says on a host. */
export class Diagnosis {
  readonly code: number | null
  readonly findings: readonly ToldFinding[]
  readonly #stderr: string

  private constructor(code: number | null, findings: readonly ToldFinding[], stderr: string) {
    this.code = code
    this.findings = findings
    this.#stderr = stderr
  }

  static async of(host: Host, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Diagnosis> {
    const program = await cli(host, ['doctor', '--json', ...args], { env })
    const { code } = await within(program.exit, 'the doctor does not end', SOON_MS)
    const lines = program.lines.map((line) => JSON.parse(line) as ToldFinding)
    return new Diagnosis(
      code,
      lines.filter(({ check }) => check !== 'all'),
      program.stderr
    )
  }

  /** The one thing that is wrong, or the first of several, is this, with this remedy; the exit code says so. */
  finds(check: string, what: RegExp, remedy: RegExp): ToldFinding {
    assert.equal(this.code, 1, this.text)
    const found = this.wrong.find((one) => one.check === check && what.test(one.what))
    assert.ok(found !== undefined, `no finding of ${check} says ${what}:\n${this.text}`)
    assert.match(found.remedy ?? '', remedy)
    return found
  }

  /** Nothing else is wrong than what these checks find. */
  onlyWrongIn(...checks: readonly string[]): void {
    const others = this.wrong.filter(({ check }) => !checks.includes(check))
    assert.deepEqual(others, [], this.text)
  }

  get wrong(): ToldFinding[] {
    return this.findings.filter(({ severity }) => severity === 'problem' || severity === 'warning')
  }

  get text(): string {
    const lines = this.findings.map(({ severity, check, what, remedy }) => `${severity} ${check}: ${what} -> ${remedy}`)
    return [...lines, this.#stderr].join('\n')
  }
}
