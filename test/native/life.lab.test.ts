import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Backend } from '#tcpnet/discovery/session.js'
import { type Host, labTest, sharedLab, skipWithoutLab } from '../lab/index.js'
import { LONG, WHOLE } from '../support/long.js'
import { announcing, CLEAN, Native } from './host.js'

// The end of a process that uses the addon: at any step and in any way, with exit code 0, no signal and nothing on
// standard error.

const PROGRAM = fileURLToPath(new URL('life-program.js', import.meta.url))
const STEPS = ['load', 'open', 'announced', 'seen', 'locating', 'located', 'closing', 'closed', 'query']
/** Milliseconds for which libdbus waits for an answer. */
const BUS_MS = 25_000
const ROUNDS = WHOLE ? 4 : 2
const WORKERS = WHOLE ? 51 : 21
/** The number of sessions before the first measurement, and before the second. */
const SESSIONS = { avahi: [50, 300], bonjour: WHOLE ? [50, 100] : [20, 40] } as const
/** Under a sanitizer (scripts/sanitize) everything is slower, and freed memory is kept. */
const SANITIZED = /sanitize/.test(process.env.TCPNET_PREBUILD ?? '')
/** How long the event loop may be blocked, in milliseconds. */
const HELD_MS = SANITIZED ? 500 : 100
const END_MS = SANITIZED ? 10_000 : 2000
const GROWTH_KB = SANITIZED ? 200_000 : 8000

async function life(host: Host, args: readonly string[]): Promise<{ exit: object; lines: readonly string[] }> {
  const program = await host.run([process.execPath, PROGRAM, ...args])
  const exit = await program.exit
  return { exit: { ...exit, stderr: program.stderr }, lines: program.lines }
}

/** Runs the jobs, a few at a time. */
async function few(jobs: readonly (() => Promise<void>)[]): Promise<void> {
  const left = [...jobs]
  const lane = async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) await job()
  }
  await Promise.all([lane(), lane(), lane(), lane()])
}

for (const backend of ['avahi', 'bonjour'] satisfies Backend[]) {
  const shared = sharedLab((lab) => lab.host('alpha'))

  test(`${backend}: a process ends at every step, by itself and by process.exit()`, {
    skip: skipWithoutLab
  }, async () => {
    const lives = STEPS.flatMap((step) => ['itself', 'exit'].map((end) => [backend, 'main', step, end]))
    const rounds = Array.from({ length: ROUNDS }, () => lives).flat()
    await few(
      rounds.map((args) => async () => {
        const { exit } = await life(shared.hosts, args)
        assert.deepEqual(exit, CLEAN, args.join(' '))
      })
    )
  })

  test(`${backend}: ${WORKERS} workers end at every step, by themselves and terminated`, {
    skip: skipWithoutLab
  }, async () => {
    const { exit, lines } = await life(shared.hosts, [backend, 'workers', String(WORKERS)])
    assert.deepEqual(exit, CLEAN)
    assert.deepEqual(lines, ['done'])
  })

  for (const end of ['itself', 'exit', 'worker']) {
    labTest(`${backend}: a frozen daemon blocks neither the event loop nor the end by ${end}`, async (lab) => {
      const host = await lab.host('alpha')
      const program = await host.run([process.execPath, PROGRAM, backend, 'frozen', end])
      await program.line(/ready/, 'no session was announced')
      await host.avahi.freeze()
      program.write('frozen')
      await program.line(/ends/, 'the event loop stands still', 20_000)
      const start = performance.now()
      const exit = await program.exit
      assert.deepEqual({ ...exit, stderr: program.stderr }, CLEAN)
      assert.ok(performance.now() - start < END_MS, 'the end took long')
      for (const line of program.lines.filter((one) => one.startsWith('held'))) {
        const held = Number(line.split(' ')[1])
        assert.ok(held < HELD_MS, `the event loop was blocked for ${held} ms`)
      }
      await host.avahi.thaw()
    })
  }

  if (LONG) {
    labTest(
      `${backend}: a daemon that was frozen for longer than the time-out of the bus does not affect other sessions`,
      async (lab) => {
        const [alpha, bravo] = await lab.hosts(['alpha', 'bravo'])
        const [left, right] = [await Native.on(alpha), await Native.on(bravo)]
        await left.announce(announcing('A1', backend))
        await left.announce(announcing('A2', backend, { type: '_tcpnet-other._tcp' }))
        for (const name of ['B1', 'B2', 'B3']) await right.announce(announcing(name, backend))
        for (const name of ['B1', 'B2', 'B3']) await left.finds('A1', name)
        await alpha.avahi.freeze()
        left.send({ do: 'close', id: 'A1' })
        // One call waits for an answer, instead of one for each object of the session.
        await left.event('A1', 'closed', () => true, 0, BUS_MS * 1.5)
        await alpha.avahi.thaw()
        await left.announce(announcing('A3', backend))
        await left.finds('A3', 'B1')
        await left.close('A3')
        assert.deepEqual([await left.end(), await right.end()], [CLEAN, CLEAN])
      }
    )
  }

  labTest(`${backend}: files, threads and memory do not grow with the number of sessions`, async (lab) => {
    const native = await Native.on(await lab.host('alpha'))
    const cycle = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const id = (0xa000 + i).toString(16).toUpperCase()
        native.send({ do: 'open', id, options: announcing(id, backend) })
        if (i % 10 === 0) await native.event(id, 'announced', () => true, Math.max(0, native.told - 50))
        await native.close(id)
      }
      native.send({ do: 'usage', id: `after ${count}` })
      return await native.event(`after ${count}`, 'usage')
    }
    const [warm, more] = SESSIONS[backend]
    const before = await cycle(warm)
    const after = await cycle(more)
    assert.equal(after.files, before.files)
    assert.equal(after.threads, before.threads)
    assert.ok(after.kilobytes - before.kilobytes < GROWTH_KB, `grew by ${after.kilobytes - before.kilobytes} kB`)
    assert.deepEqual(await native.end(), CLEAN)
  })
}
