import { closeSync, openSync, readFileSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { type Arguments, UsageError } from './arguments.js'
import type { Ending } from './ending.js'
import { SIGNALS } from './exit-codes.js'

/** The setting `secret`: a passphrase or a key. */
type Secret = string | Buffer

/**
 * The secret of the cluster: from the file of --secret-file, typed in with --ask-secret, or from TCPNET_SECRET.
 * Undefined if none of these is given.
 *
 * @throws {UsageError} if it is empty or cannot be read
 */
export async function secretOf(given: Arguments, ending: Ending): Promise<Secret | undefined> {
  const file = given.text('secret-file')
  if (file !== undefined) return fromFile(file)
  if (given.flag('ask-secret')) return notEmpty(await askFor('Secret: ', ending), 'the secret that was typed in')
  const variable = process.env.TCPNET_SECRET
  return variable === undefined ? undefined : notEmpty(variable, 'the environment variable TCPNET_SECRET')
}

/** A file that is not UTF-8 text is a key. A line break at the end of a text is not part of the passphrase. */
function fromFile(file: string): Secret {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw new UsageError(`the secret cannot be read: ${(error as Error).message}`)
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return notEmpty(text.replace(/\r?\n$/, ''), `the file ${file}`)
  } catch (error) {
    if (error instanceof UsageError) throw error
    return bytes
  }
}

function notEmpty(secret: string, what: string): string {
  if (secret === '') throw new UsageError(`${what} is empty`)
  return secret
}

/** Reads a line from the terminal without echo, instead of from standard input, which may be a pipe. */
async function askFor(prompt: string, ending: Ending): Promise<string> {
  const input = openTerminal()
  process.stderr.write(prompt)
  try {
    return await readHidden(input, ending)
  } finally {
    input.setRawMode(false)
    input.destroy()
    process.stderr.write('\n')
  }
}

function openTerminal(): ReadStream {
  let descriptor: number | undefined
  try {
    descriptor = openSync('/dev/tty', 'r+')
    return new ReadStream(descriptor)
  } catch {
    if (descriptor !== undefined) closeSync(descriptor)
    throw new UsageError('there is no terminal to ask for the secret on: use --secret-file or TCPNET_SECRET')
  }
}

const [BACKSPACES, CTRL_C, CTRL_D, CTRL_U] = [['\x7f', '\b'], '\x03', '\x04', '\x15']

function readHidden(input: ReadStream, ending: Ending): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = []
    input.setRawMode(true)
    input.setEncoding('utf8')
    input.on('error', () => reject(new UsageError('the terminal was closed')))
    input.on('end', () => reject(new UsageError('the terminal was closed')))
    input.on('data', (chunk: string) => {
      for (const character of chunk) {
        if (character === '\r' || character === '\n') return resolve(typed.join(''))
        // In raw mode the terminal does not send the signal.
        if (character === CTRL_C) ending.end(SIGNALS.SIGINT)
        if (character === CTRL_C || character === CTRL_D) return reject(new UsageError('no secret was typed in'))
        if (BACKSPACES.includes(character)) typed.pop()
        else if (character === CTRL_U) typed = []
        else typed.push(character)
      }
    })
  })
}
