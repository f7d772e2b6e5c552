#!/usr/bin/env node
import { createRequire } from 'node:module'
import { Arguments, UsageError } from './arguments.js'
import { COMMANDS } from './commands.js'
import { Ending } from './ending.js'
import { type ExitCode, SIGNALS } from './exit-codes.js'
import { HELP } from './help.js'
import { Output } from './output.js'
import { shownText } from './shown.js'

const ending = new Ending()
// If the reader of a pipe closes it, as in `tcpnet list | head -1`, the command ends successfully.
const output = new Output(process.stdout, (error) => ending.end(error.code === 'EPIPE' || error.code === 'EIO' ? 0 : 4))
const errors = new Output(process.stderr, () => {})

/** Ends the command on a signal; a second one ends the process at once. */
function watchSignals(): void {
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (ending.code === code) process.exit(code)
      ending.end(code)
    })
  }
}

async function main(argv: readonly string[]): Promise<ExitCode> {
  const [first, ...rest] = argv
  if (first === undefined) throw new UsageError('a command is missing')
  if (first === '--version') return say(version())
  if (first === '--help' || first === '-h' || first === 'help') return say(helpOf(rest[0] ?? 'tcpnet'))
  const command = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined
  if (command === undefined) throw new UsageError(`there is no command "${first}"`)
  // Help is shown even if other arguments are wrong.
  if (rest.includes('--help') || rest.includes('-h')) return say(helpOf(first))
  const given = new Arguments(rest, command.options, command.operands)
  const run = await command.load()
  return await run({ arguments: given, output, errors, ending })
}

function say(text: string): ExitCode {
  output.line(text)
  return 0
}

function helpOf(command: string): string {
  const text = Object.entries(HELP).find(([name]) => name === command)?.[1]
  if (text === undefined) throw new UsageError(`there is no command "${command}"`)
  return text
}

function version(): string {
  return (createRequire(import.meta.url)('tcpnet/package.json') as { version: string }).version
}

function failed(error: Error): ExitCode {
  if (ending.code !== null && ending.code !== 3) return ending.code
  const isUsage = error instanceof UsageError
  errors.line(`tcpnet: ${shownText(error.message)}${isUsage ? '. See "tcpnet --help".' : ''}`)
  if (isUsage) return 2
  errors.line('"npx tcpnet doctor" looks for the cause.')
  return 3
}

watchSignals()
const code = await main(process.argv.slice(2)).catch(failed)
await Promise.all([output.flushed(), errors.flushed()])
// An open standard input would keep the process running.
process.exit(ending.code === 4 ? 4 : code)
