import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { COMMANDS } from '#tcpnet/cli/commands.js'
import { CHECKS } from '#tcpnet/cli/doctor/doctor.js'
import { EXIT_CODES } from '#tcpnet/cli/exit-codes.js'
import { HELP } from '#tcpnet/cli/help.js'
import { CLI } from './program.js'

const docs = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
const help = (...args: string[]): string => execFileSync(process.execPath, [CLI, ...args], { encoding: 'utf8' })

test('docs/cli.md shows the help of the program and of every command, as it is', () => {
  assert.deepEqual(Object.keys(HELP), ['tcpnet', ...Object.keys(COMMANDS)])
  for (const [name, text] of Object.entries(HELP)) assert.ok(docs.includes(`\n\`\`\`\n${text}\n\`\`\`\n`), name)
})

test('the help says what HELP says, for each way to ask', () => {
  assert.equal(help('--help'), `${HELP.tcpnet}\n`)
  assert.equal(help('help', 'join'), `${HELP.join}\n`)
  assert.equal(help('join', '-h'), `${HELP.join}\n`)
})

test('the help names every option of a command, and no other', () => {
  for (const [name, { options }] of Object.entries(COMMANDS)) {
    const [, text] = Object.entries(HELP).find(([command]) => command === name) ?? assert.fail(name)
    const named = [...text.matchAll(/^ {2}(?:-h, )?--([a-z-]+)/gm)].map(([, option]) => option)
    assert.deepEqual(named.sort(), Object.keys(options).sort(), name)
  }
})

test('help fits in a terminal of 80 columns', () => {
  for (const text of Object.values(HELP)) for (const line of text.split('\n')) assert.ok(line.length <= 80, line)
})

test('docs/cli.md lists the exit codes', () => {
  const rows = [...docs.matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, code, meaning]) => [code, meaning])
  assert.deepEqual(Object.fromEntries(rows), Object.fromEntries(Object.entries(EXIT_CODES)))
})

test('docs/cli.md lists the checks of the doctor, in their order', () => {
  const rows = [...docs.matchAll(/^\| `([a-z-]+)` \| /gm)].map(([, name]) => name)
  assert.deepEqual(rows, Object.keys(CHECKS))
})
