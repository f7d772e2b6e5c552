import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import { WriteStream } from 'node:tty'
import { Arguments, UsageError } from '#tcpnet/cli/arguments.js'
import { COMMANDS } from '#tcpnet/cli/commands.js'
import { Ending } from '#tcpnet/cli/ending.js'
import { Output, type OutputStream } from '#tcpnet/cli/output.js'
import { CLI } from './program.js'

/** A stream that says of itself what is given. */
function streamWith(properties: object): OutputStream {
  return Object.assign(new PassThrough(), properties)
}

/** Whether a terminal in an environment has colours, as Node knows. */
function hasColors(environment: Record<string, string>): () => boolean {
  return () =>
    WriteStream.prototype.hasColors.call({ getColorDepth: WriteStream.prototype.getColorDepth }, 16, environment)
}

describe('colours', () => {
  const xterm = { TERM: 'xterm-256color' }
  const cases: [string, object, boolean][] = [
    ['a terminal', { isTTY: true, hasColors: hasColors(xterm) }, true],
    ['a terminal with NO_COLOR', { isTTY: true, hasColors: hasColors({ ...xterm, NO_COLOR: '1' }) }, false],
    ['a terminal without colours', { isTTY: true, hasColors: hasColors({ TERM: 'dumb' }) }, false],
    ['a pipe', {}, false]
  ]
  for (const [name, properties, isStyled] of cases) {
    test(name, () => {
      const output = new Output(streamWith(properties), () => {})
      assert.equal(output.styled('red', 'x') !== 'x', isStyled)
    })
  }
})

test('an output that breaks is told once, and takes what is written after that', async () => {
  const stream = streamWith({})
  const told: string[] = []
  const output = new Output(stream, ({ code = '' }) => told.push(code))
  stream.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' }))
  output.line('more')
  stream.emit('error', Object.assign(new Error('gone'), { code: 'EIO' }))
  await output.flushed()
  assert.deepEqual([told, output.isBehind], [['EPIPE'], false])
})

test('a wait for the buffer to drain ends when the output breaks', async () => {
  const stream = new PassThrough({ highWaterMark: 1 })
  stream.write('more than fits')
  const output = new Output(stream, () => {})
  const drained = new Promise<void>((resolve) => output.whenDrained(resolve))
  stream.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' }))
  await drained
  assert.equal(stream.listenerCount('drain'), 0)
})

test('a file that cannot be written throws from write, and that is told, too', () => {
  const write = () => {
    throw Object.assign(new Error('full'), { code: 'ENOSPC' })
  }
  const told: string[] = []
  const output = new Output(streamWith({ write }), ({ code = '' }) => told.push(code))
  output.line('x')
  assert.deepEqual(told, ['ENOSPC'])
})

test('the size of an output that has none, or says 0, is 80x24', () => {
  assert.deepEqual(new Output(streamWith({}), () => {}).size, { columns: 80, rows: 24 })
  assert.deepEqual(new Output(streamWith({ columns: 0, rows: 50 }), () => {}).size, { columns: 80, rows: 50 })
})

test('the first reason ends a command', async () => {
  const ending = new Ending()
  assert.equal(ending.code, null)
  const paused = ending.pause(60_000)
  ending.end(130)
  ending.end(4)
  await Promise.all([paused, ending.ended, ending.pause(60_000)])
  assert.equal(ending.code, 130)
})

test('arguments are checked; a secret among them is not repeated', () => {
  const { options = {} } = COMMANDS.join ?? {}
  const given = (...list: string[]) => new Arguments(list, options, 1)
  assert.throws(() => given('demo', 'again'), /one argument too many: again/)
  assert.throws(() => given('--what'), UsageError)
  assert.throws(
    () => given('--secret=hunter2'),
    (error: Error) => !error.message.includes('hunter2') && /--secret-file/.test(error.message)
  )
  assert.throws(
    () => given('--secret', 'hunter2'),
    (error: Error) => !error.message.includes('hunter2')
  )
  assert.throws(() => given().name(), /name of the cluster is missing/)
  assert.throws(() => given('Demo').name(), UsageError)
  for (const peers of ['0', '1.5', 'x', ''])
    assert.throws(() => given('--peers', peers).number('peers', 1, { least: 1, whole: true }), UsageError)
  assert.equal(given('--peers', '2').number('peers', 1, { least: 1, whole: true }), 2)
})

test('a full disk ends every command that writes with 4', {
  skip: process.platform !== 'linux' && 'there is no /dev/full'
}, () => {
  for (const args of ['--version', '--help', 'list --help']) {
    const { status, stderr } = spawnSync('sh', ['-c', `"$0" "$1" ${args} >/dev/full`, process.execPath, CLI], {
      encoding: 'utf8'
    })
    assert.deepEqual([status, stderr], [4, ''], args)
  }
})
