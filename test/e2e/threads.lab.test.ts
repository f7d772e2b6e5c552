// The main thread and two workers each run a service over the daemon, mesh, and end in any order.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sharedLab } from '../lab/index.js'
import { WHOLE } from '../support/long.js'
import { inWhole, overDrivers } from './drivers.js'

const ROUNDS = WHOLE ? 50 : 15
const PROGRAM = fileURLToPath(new URL('../programs/threads.js', import.meta.url))
const shared = sharedLab((lab) => lab.host('alpha'))

overDrivers(['avahi', ...inWhole('embedded')], (driver, skip) => {
  test(`three threads mesh and end, ${ROUNDS} times`, { skip }, async () => {
    const command = [process.execPath, PROGRAM, String(ROUNDS)]
    const program = await shared.hosts.run(command, { env: { ...process.env, TCPNET_DRIVER: driver } })
    assert.deepEqual(await program.exit, { code: 0, signal: null }, program.stderr)
    assert.equal(program.lines.length, ROUNDS)
    assert.equal(program.stderr, '')
  })
})
