import { UsageError } from '../arguments.js'
import type { Invocation, Run } from '../command.js'
import type { ExitCode } from '../exit-codes.js'
import type { Output } from '../output.js'
import { secretOf } from '../secret.js'
import { counted, jsonLine, shownText } from '../shown.js'
import { addon } from './checks/addon.js'
import { announcement } from './checks/announcement.js'
import { clock } from './checks/clock.js'
import { cluster } from './checks/cluster.js'
import { configuration } from './checks/configuration.js'
import { daemon } from './checks/daemon.js'
import { driver } from './checks/driver.js'
import { firewall } from './checks/firewall.js'
import { hostName } from './checks/host-name.js'
import { interfaces } from './checks/interfaces.js'
import { multicast } from './checks/multicast.js'
import { reach } from './checks/reach.js'
import { type Finding, findings, isWell, type Severity } from './finding.js'
import type { Check, Goal, Machine } from './machine.js'

/** The checks in display order: from the basis, such as the addon and the daemon, to the cluster. */
export const CHECKS: Readonly<Record<string, Check>> = {
  addon,
  daemon,
  configuration,
  'host-name': hostName,
  driver,
  clock,
  interfaces,
  firewall,
  multicast,
  announcement,
  cluster,
  reach
}

/** `tcpnet doctor`: finds out why services do not see each other. */
export const run: Run = async (invocation) => {
  const { arguments: given, ending } = invocation
  const secret = await secretOf(given, ending)
  const goal: Goal = {
    name: given.nameIfAny(),
    driver: given.text('driver') ?? process.env.TCPNET_DRIVER ?? 'auto',
    uuid: given.text('uuid') ?? null,
    address: given.text('address') ?? null,
    hasSecret: secret !== undefined
  }
  const { SystemMachine } = await import('./system-machine.js')
  const machine = made(() => new SystemMachine(goal, secret))
  try {
    return await examine(machine, goal, invocation)
  } finally {
    await machine.close()
  }
}

/** Reports settings that tcpnet() rejects as wrong arguments. */
function made<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** Runs all checks, and writes their findings as soon as they are known, in order. */
async function examine(
  machine: Machine,
  goal: Goal,
  { arguments: given, output, ending }: Invocation
): Promise<ExitCode> {
  const all: Finding[] = []
  const report = given.flag('json') ? new JsonReport(output) : new TextReport(output)
  // First and alone, because "auto" waits only 250 ms for the daemon.
  await Promise.race([machine.trial().catch(() => {}), ending.ended])
  // At the same time: the checks share facts, and mostly wait.
  const checks = Object.entries(CHECKS).map(([name, check]) => guarded(name, check(machine, goal)))
  for (const check of checks) {
    const found = await Promise.race([check, ending.ended])
    if (ending.code !== null || found === undefined) return ending.code ?? 1
    all.push(...found)
    report.add(found)
  }
  report.end(all)
  return isWell(all) ? 0 : 1
}

/** Reports a check that fails as a finding, so that the others are still shown. */
async function guarded(name: string, found: Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await found
  } catch (error) {
    const { warning } = findings(name)
    return [warning(`This check failed: ${(error as Error).message}`, 'Please report it as a bug of tcpnet.')]
  }
}

interface Report {
  add(found: readonly Finding[]): void
  end(all: readonly Finding[]): void
}

class JsonReport implements Report {
  readonly #output: Output

  constructor(output: Output) {
    this.#output = output
  }

  add(found: readonly Finding[]): void {
    for (const one of found) this.#output.line(jsonLine(one))
  }

  end(all: readonly Finding[]): void {
    this.#output.line(jsonLine({ check: 'all', well: isWell(all), ...countsOf(all) }))
  }
}

const LABELS = {
  problem: ['PROBLEM', 'red'],
  warning: ['warning', 'yellow'],
  note: ['note', 'cyan'],
  good: ['ok', 'green']
} as const satisfies Record<Severity, readonly [string, 'red' | 'yellow' | 'cyan' | 'green']>

class TextReport implements Report {
  readonly #output: Output
  readonly #width: number

  constructor(output: Output) {
    this.#output = output
    this.#width = output.isTerminal ? output.size.columns : Number.POSITIVE_INFINITY
  }

  add(found: readonly Finding[]): void {
    for (const { severity, check, what, remedy } of found) {
      const [label, style] = LABELS[severity]
      this.#write(`${label.padEnd(7)} ${check}: ${what}`, 8, (line) =>
        line.replace(label, this.#output.styled(style, label))
      )
      if (remedy !== null) this.#write(`        -> ${remedy}`, 11)
    }
  }

  end(all: readonly Finding[]): void {
    const { problems, warnings } = countsOf(all)
    this.#output.line('')
    if (isWell(all)) return this.#output.line(this.#output.styled('green', 'All is well.'))
    this.#output.line(this.#output.styled('bold', `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}.`))
  }

  /** Writes a text in lines that fit, the later ones indented. */
  #write(text: string, indent: number, style: (line: string) => string = (line) => line): void {
    let line = ''
    let isFirst = true
    const flush = () => {
      this.#output.line(isFirst ? style(line) : line)
      isFirst = false
      line = ' '.repeat(indent)
    }
    for (const word of shownText(text).split(/(?<=\S) /)) {
      if (line.trim() !== '' && line.length + 1 + word.length > this.#width) flush()
      line += line.trim() === '' ? word : ` ${word}`
    }
    flush()
  }
}

function countsOf(all: readonly Finding[]): { problems: number; warnings: number } {
  const count = (severity: Severity) => all.filter((one) => one.severity === severity).length
  return { problems: count('problem'), warnings: count('warning') }
}
