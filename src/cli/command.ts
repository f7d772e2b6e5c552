import type { Arguments, Options } from './arguments.js'
import type { Ending } from './ending.js'
import type { ExitCode } from './exit-codes.js'
import type { Output } from './output.js'

/** The environment of a command. */
export interface Invocation {
  readonly arguments: Arguments
  readonly output: Output
  /** Standard error: messages that are not part of the command's output. */
  readonly errors: Output
  readonly ending: Ending
}

/** Runs a command to its end. When it resolves, all announcements are withdrawn and all resources closed. */
export type Run = (invocation: Invocation) => Promise<ExitCode>

/** One command of the program. */
export interface Command {
  readonly options: Options
  /** The most operands that it takes. */
  readonly operands: number
  /** Loads the command's code, so that each command loads only its own. */
  readonly load: () => Promise<Run>
}
