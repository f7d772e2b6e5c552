// The contract of discovery over the drivers that need a network, on a host of the laboratory that has a daemon. What a driver
// tells is written by a test runner of its own on that host; here it has to have passed, every test of it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inWhole, overDrivers } from '../e2e/drivers.js'
import { sharedLab } from '../lab/index.js'

const RUN = fileURLToPath(new URL('run.js', import.meta.url))

/** Services of one process know each other without packets: so each of these has sockets of its own. */
const RUN_AS = new Map([['embedded', 'embedded-apart']])

// Each mostly waits for its daemon.
describe('a host with a daemon', { concurrency: true }, () => {
  overDrivers(['avahi', 'bonjour', 'embedded', ...inWhole('mdns')], (driver, skip) => {
    const { hosts } = lab()

    test('the contract of discovery holds', { skip }, async (t) => {
      // It is no part of this runner: without that variable it writes for whoever reads it.
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
