// Parses the command lines of benchmarks and of other programs that are run by hand.
import { readFileSync } from 'node:fs'
import { type ParseArgsConfig, parseArgs } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>
type Parsed<T extends Options> = ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>

/**
 * The arguments of this program. `--help` prints the comment at the head of its file and ends it; wrong arguments end
 * it with a sentence and code 2.
 *
 * @param program the `import.meta.url` of the program
 * @param allowPositionals whether positional arguments are allowed
 */
export function options<const T extends Options>(
  program: string,
  options: T,
  { allowPositionals = false } = {}
): Parsed<T> {
  try {
    const parsed = parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h' } }, allowPositionals })
    if ((parsed.values as { help?: boolean }).help !== true) return parsed as unknown as Parsed<T>
  } catch (error) {
    wrong((error as Error).message)
  }
  console.log(headOf(program))
  process.exit(0)
}

/** The items of a comma-separated list. Each has to be a known one. */
export function choices<const T extends string>(option: string, text: string, known: readonly T[]): T[] {
  return text.split(',').map((item) => {
    const found = known.find((one) => one === item)
    return found ?? wrong(`--${option} takes ${known.join(',')}, not "${item}"`)
  })
}

/** The whole numbers of a comma-separated list, each of them at least 1. */
export function counts(option: string, text: string): number[] {
  return text.split(',').map((item) => {
    return /^[1-9][0-9]*$/.test(item) ? Number(item) : wrong(`--${option} takes whole numbers from 1 on, not "${item}"`)
  })
}

/** One whole number, at least 1. */
export function count(option: string, text: string): number {
  const [first = Number.NaN, ...more] = counts(option, text)
  return more.length === 0 ? first : wrong(`--${option} takes one number, not "${text}"`)
}

function wrong(sentence: string): never {
  console.error(`${sentence}. --help lists the options.`)
  process.exit(2)
}

/** The comment at the head of a file. */
function headOf(program: string): string {
  const lines = readFileSync(new URL(program), 'utf8').split('\n')
  const end = lines.findIndex((line) => !line.startsWith('//'))
  return lines
    .slice(0, end)
    .map((line) => line.replace(/^\/\/ ?/, ''))
    .join('\n')
}
