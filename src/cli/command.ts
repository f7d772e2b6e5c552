import type { Arguments, Options } from './arguments.js'
import type { Ending } from './ending.js'
import type { ExitCode } from './exit-codes.js'
import type { Output } from './output.js'

/** What a command runs with. */
export interface Invocation {
  readonly arguments: Arguments
  readonly output: Output
  /** Standard error: words for people, beside what the command is asked for. */
  readonly errors: Output
  readonly ending: Ending
}

/** Runs a command to its end. Nothing that it has announced or opened is left when it resolves. */
export type Run = (invocation: Invocation) => Promise<ExitCode>

/** One command of the program. */
export interface Command {
  readonly options: Options
  /** How many operands it takes at most. */
  readonly operands: number
  /** Loads its code, so that no command waits for that of another. */
  readonly load: () => Promise<Run>
}
