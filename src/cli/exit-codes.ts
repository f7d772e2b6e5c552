/** The exit codes of all commands. docs/cli.md has the same table; a test compares them. */
export const EXIT_CODES = {
  0: 'It is done; with `doctor`: all is well; with `list`: something was found. Also where the reader of a pipe went away.',
  1: '`join --once`: no peer came in time, or not all was delivered. `list`: nothing was found. `doctor`: not all is well.',
  2: 'The command line is wrong, or there is no secret to be had where one was asked for.',
  3: 'The service failed: it cannot listen, or its announcement was refused.',
  4: 'The output could not be written: the disk is full.',
  129: 'The terminal was closed (SIGHUP).',
  130: 'Ctrl-C (SIGINT).',
  143: 'SIGTERM.'
} as const

/** An exit code. */
export type ExitCode = keyof typeof EXIT_CODES

/** The signals that end a command. */
export const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const satisfies Record<string, ExitCode>
