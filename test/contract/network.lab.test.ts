// The contract of discovery over the drivers that need a network, on a host of the lab that has a daemon. For each
// driver a test runner runs on that host; all of its tests have to pass.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inWhole, overDrivers } from '../e2e/drivers.js'
import { sharedLab } from '../lab/index.js'

const RUN = fileURLToPath(new URL('run.js', import.meta.url))

/** Services of one process find each other without packets, so with embedded-apart each has sockets of its own. */
const RUN_AS = new Map([['embedded', 'embedded-apart']])

// Concurrent, since each mostly waits for its daemon.
describe('a host with a daemon', { concurrency: true }, () => {
  overDrivers(['avahi', 'bonjour', 'embedded', ...inWhole('mdns')], (driver, skip) => {
    const { hosts } = lab()

    test('the contract of discovery holds', { skip }, async (t) => {
      // Without this variable the runner writes readable output, since it does not take itself for a child of this one.
      const { NODE_TEST_CONTEXT: _, ...env } = process.env
      const command = [process.execPath, '--test-reporter=tap', RUN]
      const program = await hosts().run(command, {
        env: { ...env, TCPNET_CONTRACT_DRIVER: RUN_AS.get(driver) ?? driver }
      })
      const { code } = await program.exit
      const failed = program.lines.filter((line) => /^\s*not ok/.test(line))
      const [, passed = '0'] = program.lines.join('\n').match(/^# pass (\d+)$/m) ?? []
      t.diagnostic(`${passed} tests passed`)
      assert.deepEqual(failed, [], program.lines.join('\n'))
      assert.equal(code, 0, program.stderr)
      assert.ok(Number(passed) >= 15, `only ${passed} tests were run`)
      assert.equal(program.stderr, '')
    })
  })
})

function lab() {
  const shared = sharedLab((made) => made.host('alpha'))
  return { hosts: () => shared.hosts }
}
