import { type ParseArgsConfig, parseArgs } from 'node:util'
import { checkName } from '../cluster-name.js'

/** The options of a command, as `parseArgs` of node:util takes them. */
export type Options = NonNullable<ParseArgsConfig['options']>

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {}

/** The arguments of a command. */
export class Arguments {
  readonly operands: readonly string[]
  readonly #values: Readonly<Record<string, unknown>>

  /**
   * @param most the most operands
   * @throws {UsageError} for an unknown option, an option without its value, or too many operands
   */
  constructor(given: readonly string[], options: Options, most: number) {
    const { values, positionals } = parsed(given, options)
    const surplus = positionals[most]
    if (surplus !== undefined) throw new UsageError(`there is one argument too many: ${surplus}`)
    this.operands = positionals
    this.#values = values
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }

  text(name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === 'string' ? value : undefined
  }

  /** A number of at least `least`. @throws {UsageError} */
  number(name: string, standard: number, { least, whole = false }: { least: number; whole?: boolean }): number {
    const text = this.text(name)
    if (text === undefined) return standard
    const value = Number(text)
    if (text.trim() !== '' && Number.isFinite(value) && value >= least && (!whole || Number.isInteger(value)))
      return value
    throw new UsageError(`--${name} takes a ${whole ? 'whole number' : 'number'} of at least ${least}, not "${text}"`)
  }

  /** The cluster's name, which must be given. @throws {UsageError} */
  name(): string {
    const name = this.nameIfAny()
    if (name === null) throw new UsageError('the name of the cluster is missing')
    return name
  }

  /** The cluster's name; null if none is given. @throws {UsageError} if it is invalid */
  nameIfAny(): string | null {
    const [name] = this.operands
    try {
      return name === undefined ? null : checkName(name)
    } catch (error) {
      throw new UsageError((error as Error).message)
    }
  }
}

function parsed(given: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...given], options, allowPositionals: true, strict: true })
  } catch (error) {
    // Node's message is not used, because it contains the argument.
    if (given.some((argument) => /^--secret(=|$)/.test(argument)))
      throw new UsageError(
        'a secret is no argument, because every user of the machine can read those: use --secret-file, --ask-secret or TCPNET_SECRET'
      )
    throw new UsageError((error as Error).message)
  }
}
