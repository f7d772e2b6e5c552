// A short chaos run with a fixed seed; scripts/chaos does longer ones. The same run with a pairing rule that is broken
// on purpose has to fail.
import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { skipWithoutLab } from '../lab/index.js'
import { WHOLE } from '../support/long.js'
import { runChaos } from './chaos.js'
import { type ChaosPlan, LINK_FAULTS, scheduleOf } from './schedule.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PLAN: ChaosPlan = { seed: 4, durationMs: WHOLE ? 20_000 : 10_000, hosts: 4, drivers: ['avahi'] }

/** The drivers of the hosts. */
const DRIVERS: ChaosPlan['drivers'][] = WHOLE
  ? [['avahi'], ['embedded'], ['embedded', 'avahi', 'bonjour']]
  : [['avahi']]

/**
 * Runs with a copy of the package and its test programs in which the acceptor accepts every dial, even if it is
 * connected.
 */
async function withoutPairing(run: (program: string) => Promise<void>): Promise<void> {
  const copy = await mkdtemp(join(tmpdir(), 'tcpnet-unpaired-'))
  try {
    for (const part of ['package.json', 'dist', 'build/Release/tcpnet.node', 'prebuilds', 'out/test/programs']) {
      await cp(join(ROOT, part), join(copy, part), { recursive: true })
    }
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    const file = join(copy, 'dist/core.js')
    const rule = await readFile(file, 'utf8')
    const broken = rule.replace(/^function pair\([^)]*\) \{/m, (head) => `${head}\n    return 'accept';`)
    assert.notEqual(broken, rule, 'the head of the pairing rule was not found')
    await writeFile(file, broken)
    await run(join(copy, 'out/test/programs/node.js'))
  } finally {
    await rm(copy, { recursive: true })
  }
}

describe('chaos', () => {
  test('a seed always makes the same schedule, which repairs only what is broken', () => {
    const plan: ChaosPlan = { seed: 7, durationMs: 10 * 60_000, hosts: 4, drivers: ['avahi'] }
    const steps = scheduleOf(plan)
    assert.deepEqual(scheduleOf(plan), steps)
    assert.notDeepEqual(scheduleOf({ ...plan, seed: 8 }), steps)
    const broken = new Map<number, string>()
    for (const step of steps) {
      if (step.do === 'break link') {
        assert.ok(!broken.has(step.host))
        broken.set(step.host, step.fault)
      }
      if (step.do === 'mend link') {
        assert.equal(broken.get(step.host), step.fault)
        broken.delete(step.host)
      }
    }
    const faults = new Set(steps.filter((step) => step.do === 'break link').map(({ fault }) => fault))
    assert.deepEqual([...faults].sort(), [...LINK_FAULTS].sort())
  })

  for (const drivers of DRIVERS) {
    test(`over ${drivers}: breaks no promise, and a full mesh forms after it`, { skip: skipWithoutLab }, async (t) => {
      const log: string[] = []
      const plan = { ...PLAN, drivers }
      const run = runChaos({ plan, steps: scheduleOf(plan), log: (line) => log.push(line) })
      const outcome = await run.catch((error: Error) => {
        throw new Error(`seed ${PLAN.seed}: ${error.message}\n${log.join('\n')}`)
      })
      t.diagnostic(JSON.stringify(outcome))
      assert.ok(outcome.echoed > 500, 'they talk')
    })
  }

  test('detects a broken pairing rule', { skip: skipWithoutLab }, async (t) => {
    const plan = { ...PLAN, durationMs: 60_000 }
    await withoutPairing(async (program) => {
      const run = runChaos({ plan, steps: scheduleOf(plan), program, log: () => {} })
      const failure = await run.then(
        () => assert.fail('chaos found no error without a pairing rule'),
        (error: Error) => error.message
      )
      t.diagnostic(failure.split('\n')[0] ?? '')
      assert.match(failure, /no full mesh|a second connection|service.connections is not|ended before the first fault/)
    })
  })
})
