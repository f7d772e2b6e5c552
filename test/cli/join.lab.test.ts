// Two hosts, each with its daemon: `tcpnet join` on both, in pipes.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Host, type Program, sharedLab, skipWithoutLab as skip, until, within } from '../lab/index.js'
import { announced, cli, SOON_MS, shell } from './program.js'

/** A member that stays after the end of its input. Resolves when it listens. */
async function member(host: Host, name: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const program = await cli(host, ['join', name, '--stay', ...args], { env })
  await program.line(/listening|^\* /, 'the member does not listen', SOON_MS)
  return program
}

async function endsWith(program: Program, code: number): Promise<void> {
  const exit = await within(program.exit, 'the command does not end', SOON_MS)
  assert.deepEqual(exit, { code, signal: null }, `${program.lines.join('\n')}\n${program.stderr}`)
}

describe('tcpnet join', { skip }, () => {
  const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta']))
  const hosts = (): [Host, Host] => {
    const [alpha, beta] = shared.hosts
    assert.ok(alpha !== undefined && beta !== undefined)
    return [alpha, beta]
  }

  test('what comes through a pipe with --once arrives whole, with its sender, and the command ends with 0', async () => {
    const [alpha, beta] = hosts()
    const receiver = await member(beta, 'once', ['--json'])
    const sender = await shell(alpha, 'echo hi | tcpnet join once --once')
    const line = JSON.parse(await receiver.line(/"event":"line"/, 'nothing arrives', SOON_MS)) as { peer: string }
    const { peer } = JSON.parse(await receiver.line(/"event":"connected"/, 'no peer', SOON_MS)) as { peer: string }
    assert.deepEqual(line, { event: 'line', peer, text: 'hi' })
    await endsWith(sender, 0)
    await receiver.line(/"event":"disconnected"/, 'the sender does not go', SOON_MS)
    await receiver.kill('SIGINT')
  })

  test('ten megabytes arrive byte for byte at a receiver that reads late', async () => {
    const [alpha, beta] = hosts()
    const count = `(read -r first; echo "$first"; sleep 0.5; sed '/^- /q' | grep -c ': x*$')`
    const receiver = await shell(beta, `tcpnet join bulk --stay | ${count}`)
    await receiver.line(/^\* bulk/, 'the receiver does not listen', SOON_MS)
    const sender = await shell(alpha, `yes ${'x'.repeat(99)} | head -100000 | tcpnet join bulk --once`)
    await endsWith(sender, 0)
    await receiver.line(/^100000$/, 'not every line arrives', SOON_MS)
  })

  test('without a peer in time, --once ends with 1 and says where to look', async () => {
    const [alpha] = hosts()
    const sender = await shell(alpha, 'echo hi | tcpnet join nobody --once --wait 0.2')
    await endsWith(sender, 1)
    assert.match(sender.stderr, /0 of 1 peers came within 0.2 s\. "npx tcpnet doctor nobody"/)
  })

  test('lines go both ways; what a terminal acts on is escaped; a peer that goes is told', async () => {
    const [alpha, beta] = hosts()
    // Chosen uuids are probed for: about two seconds, at the same time.
    const [one, other] = await Promise.all([
      member(alpha, 'talk', ['--uuid', 'AA']),
      member(beta, 'talk', ['--uuid', 'BB'])
    ])
    await Promise.all([one.line(/^\+ BB /, 'no peer', SOON_MS), other.line(/^\+ AA /, 'no peer', SOON_MS)])
    one.write('grüße\x1b[2J\x07\u202eabc')
    await other.line((line) => line === 'AA: grüße\\u{1b}[2J\\u{7}\\u{202e}abc', 'no line arrives', SOON_MS)
    other.write('hello')
    await one.line(/^BB: hello$/, 'no answer arrives', SOON_MS)
    other.signal('SIGTERM')
    await endsWith(other, 143)
    await one.line(/^- BB/, 'the end of the peer is not told', SOON_MS)
    one.signal('SIGINT')
    await endsWith(one, 130)
  })

  test('a secret comes from a file or the environment; another one keeps a member out', async () => {
    const [alpha, beta] = hosts()
    const folder = mkdtempSync(join(tmpdir(), 'secret-'))
    try {
      const file = join(folder, 'secret')
      writeFileSync(file, 'a common secret\n')
      const receiver = await member(beta, 'secured', ['--json'], { TCPNET_SECRET: 'a common secret' })
      const sender = await shell(alpha, `echo in | tcpnet join secured --once --secret-file ${file}`)
      await receiver.line(/"text":"in"/, 'nothing arrives', SOON_MS)
      await endsWith(sender, 0)
      const stranger = await shell(alpha, 'echo out | TCPNET_SECRET=other tcpnet join secured --once --wait 1')
      await endsWith(stranger, 1)
      assert.ok(!receiver.lines.some((line) => line.includes('out"')))
      await receiver.kill('SIGINT')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('a pipe whose reader goes away ends the command with 0, a full disk with 4; nothing stays announced', async () => {
    const [alpha, beta] = hosts()
    const watcher = await beta.run(['avahi-browse', '--parsable', '_endings._tcp'])
    const peer = await member(beta, 'endings')
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
    const piped = await shell(alpha, 'tcpnet join endings --stay | head -1; exit ${PIPESTATUS[0]}')
    await peer.line(/^\+ /, 'no peer', SOON_MS)
    // The head has ended: the next line breaks the pipe.
    for (const text of ['one', 'two', 'three']) peer.write(text)
    await endsWith(piped, 0)
    await until(() => announced(watcher).length === 1, 'it stays announced', SOON_MS)
    const full = await shell(alpha, 'tcpnet join endings --stay >/dev/full')
    await endsWith(full, 4)
    await peer.kill('SIGINT')
    await until(() => announced(watcher).length === 0, 'something stays announced', SOON_MS)
    await watcher.kill()
  })

  test('a service that cannot listen ends the command with 3, wrong arguments with 2', async () => {
    const [alpha] = hosts()
    const nowhere = await cli(alpha, ['join', 'demo', '--address', '203.0.113.1'])
    await endsWith(nowhere, 3)
    assert.match(nowhere.stderr, /EADDRNOTAVAIL.*\n"npx tcpnet doctor" looks for the cause\.$/)
    for (const args of [['join'], ['join', 'Not_a_name'], ['join', 'demo', '--secret', 'x'], ['what'], []]) {
      const wrong = await cli(alpha, args)
      await endsWith(wrong, 2)
      assert.match(wrong.stderr, /^tcpnet: .*See "tcpnet --help"\.$/)
    }
  })
})
