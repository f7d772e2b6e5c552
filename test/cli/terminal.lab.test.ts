// `tcpnet` in terminals of two sizes, on a host beside another with a member.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Host, type Program, sharedLab, skipWithoutLab as skip, until } from '../lab/index.js'
import { WHOLE } from '../support/long.js'
import { announced, cli, SOON_MS } from './program.js'
import { Terminal } from './terminal.js'

const SIZES = [{ columns: 80, rows: 24 }, ...(WHOLE ? [{ columns: 200, rows: 50 }] : [])]

interface Member {
  readonly program: Program
  readonly uuid: string
}

/** A member on a host, with output as JSON. */
async function member(host: Host, name: string): Promise<Member> {
  const program = await cli(host, ['join', name, '--stay', '--json'])
  const { uuid } = JSON.parse(await program.line(/"listening"/, 'the member does not listen', SOON_MS)) as Member
  return { program, uuid }
}

describe('in a terminal', { skip }, () => {
  const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta']))
  const hosts = (): [Host, Host] => {
    const [alpha, beta] = shared.hosts
    assert.ok(alpha !== undefined && beta !== undefined)
    return [alpha, beta]
  }

  for (const size of SIZES) {
    const { columns, rows } = size

    test(`${columns}x${rows}: join sends what is typed, shows lines above it, and Ctrl-D ends it`, async () => {
      const [alpha, beta] = hosts()
      const { program, uuid } = await member(beta, 'talk')
      const short = uuid.slice(0, 8)
      const terminal = await Terminal.open(alpha, size, 'tcpnet join talk')
      await terminal.shows(new RegExp(`^\\+ ${short} [0-9[]`), 'the peer is not shown')
      await terminal.press('hello', 'Enter')
      await program.line(/"text":"hello"/, 'what is typed does not arrive', SOON_MS)
      await terminal.press('half')
      await terminal.shows(/^> half$/, 'what is typed is not shown')
      program.write('an answer')
      const lines = await terminal.shows(new RegExp(`^${short}: an answer$`), 'the answer is not shown')
      await terminal.shows(/^> half$/, 'what was typed is not shown again')
      assert.ok(lines.every((line) => line.length <= columns))
      await terminal.press('Enter', 'C-d')
      await terminal.shows(/ended with 0$/, 'Ctrl-D does not end it')
      await program.line(/"text":"half"/, 'the last line does not arrive', SOON_MS)
      await terminal.close()
      await program.kill('SIGINT')
    })

    test(`${columns}x${rows}: list has a head, and lines that fit`, async () => {
      const [alpha, beta] = hosts()
      const { program, uuid } = await member(beta, 'listed')
      const terminal = await Terminal.open(alpha, size, 'tcpnet list listed')
      const lines = await terminal.shows(/^ended with 0/, 'list does not end')
      assert.match(lines[0] ?? '', /^CLUSTER +UUID +HOST +PORT +SECURITY +ADDRESSES$/)
      const shown = columns < 120 ? uuid.slice(0, 8) : uuid
      assert.match(lines[1] ?? '', new RegExp(`^listed +${shown} +beta\\.local +\\d+ open +10\\.77\\.1\\.2 fd77`))
      assert.match(lines[2] ?? '', /^ended with 0/)
      await terminal.close()
      await program.kill('SIGINT')
    })

    test(`${columns}x${rows}: watch has a table, follows the size, and Ctrl-C gives the screen back`, async () => {
      const [alpha, beta] = hosts()
      const one = await member(beta, 'watched')
      const terminal = await Terminal.open(alpha, size, 'echo before; tcpnet watch watched')
      const shown = columns < 120 ? one.uuid.slice(0, 8) : one.uuid
      const row = new RegExp(`^${shown} connected \\S+:\\d+ +\\d+s +\\d+ B +\\d+ B +\\d+\\.\\d+ ms$`)
      await terminal.shows(row, 'the peer has no row')
      one.program.write('x'.repeat(2000))
      const lines = await terminal.shows(/ [2-9]\.\d kB /, 'the bytes are not counted')
      assert.match(lines[0] ?? '', /^watched: 1 of 1 peers connected; I am [0-9A-F]{8} on port \d+, driver avahi$/)
      assert.match(lines[2] ?? '', /^PEER +STATE +ADDRESS +AGE +IN +OUT +RTT$/)
      await terminal.resize({ columns: 60, rows: 10 })
      await until(
        async () => (await terminal.lines()).filter((line) => line !== '').every((line) => line.length <= 60),
        'it does not follow the size',
        SOON_MS
      )
      await terminal.press('C-c')
      const left = await terminal.shows(/^ended with 130$/, 'Ctrl-C does not end it')
      assert.equal(left[0], 'before', 'the screen is as it was before')
      await terminal.close()
      await one.program.kill('SIGINT')
    })
  }

  test('a terminal that is closed ends join and watch, with nothing left announced', async () => {
    const [alpha, beta] = hosts()
    const browser = await beta.run(['avahi-browse', '--parsable', '_closing._tcp'])
    const { program } = await member(beta, 'closing')
    for (const command of ['join', 'watch']) {
      const from = program.lines.length
      const terminal = await Terminal.open(alpha, { columns: 80, rows: 24 }, `tcpnet ${command} closing`)
      await program.line(/"connected"/, `${command} does not come`, SOON_MS, from)
      await terminal.close()
      await program.line(/"disconnected"/, `${command} does not go`, SOON_MS, from)
    }
    await until(() => announced(browser).length === 1, 'something stays announced beside the member', SOON_MS)
    await browser.kill()
    await program.kill('SIGINT')
  })

  test('the secret is typed in without echo, also beside a pipe', async () => {
    const [alpha, beta] = hosts()
    const program = await cli(beta, ['join', 'asked', '--stay', '--json'], { env: { TCPNET_SECRET: 'open sesame' } })
    await program.line(/"listening"/, 'the member does not listen', SOON_MS)
    const terminal = await Terminal.open(
      alpha,
      { columns: 80, rows: 24 },
      'echo hi | tcpnet join asked --once --ask-secret'
    )
    await terminal.shows(/^Secret:/, 'it does not ask')
    await terminal.press('open sesamx', 'BSpace', 'e', 'Enter')
    const lines = await terminal.shows(/ended with 0$/, 'it does not end well')
    assert.ok(!lines.join('\n').includes('sesam'))
    await program.line(/"text":"hi"/, 'nothing arrives', SOON_MS)
    await terminal.close()
    await program.kill('SIGINT')
  })

  test('watch in a pipe: a line a peer at each look, or an object; and why a peer is not connected', async () => {
    const [alpha, beta] = hosts()
    const secured = await cli(beta, ['join', 'piped', '--stay', '--json'], { env: { TCPNET_SECRET: 'other' } })
    const { uuid } = JSON.parse(await secured.line(/"listening"/, 'the member does not listen', SOON_MS)) as Member
    const plain = await member(beta, 'piped')
    const watcher = await cli(alpha, ['watch', 'piped', '--interval', '0.1'])
    const objects = await cli(alpha, ['watch', 'piped', '--interval', '0.1', '--json'])
    await watcher.line(new RegExp(`Z ${plain.uuid} {2}connected {2}.* age \\d+s .* rtt `), 'no line', SOON_MS)
    await watcher.line(
      new RegExp(`${uuid} {2}\\w+ {2}.*ERR_TCPNET_SECURITY: The peer .* announces`),
      'no reason',
      SOON_MS
    )
    const isConnected = (line: string) => line.includes(plain.uuid) && line.includes('"connected"')
    const told = JSON.parse(await objects.line(isConnected, 'no object', SOON_MS)) as {
      bytesIn: number
      roundTripMs: number
    }
    assert.ok(told.bytesIn >= 0 && told.roundTripMs > 0)
    for (const program of [watcher, objects])
      assert.deepEqual(await program.kill('SIGTERM'), { code: 143, signal: null })
    await plain.program.kill('SIGINT')
    await secured.kill('SIGINT')
  })
})
