// A process can end at any moment of the work of the addon.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedLab, skipWithoutLab } from '../lab/index.js'

const ADDON = import.meta.resolve('#tcpnet/addon.js')

/** Asks, and blocks the event loop until the answer is queued: the process ends before the answer is delivered. */
const LEAVE = `
  import { addon } from '${ADDON}'
  addon().queryAddresses('alpha.local', 0, 5000, () => console.log('answered'))
  setImmediate(() => {
    const end = performance.now() + 300
    while (performance.now() < end);
  })`

const shared = sharedLab((lab) => lab.hosts(['alpha']))

test('a process ends with an answer that is not delivered yet', { skip: skipWithoutLab }, async () => {
  const [alpha] = shared.hosts
  const program = await alpha.run([process.execPath, '--input-type=module', '-e', LEAVE])
  assert.deepEqual([await program.exit, program.lines, program.stderr], [{ code: 0, signal: null }, [], ''])
})
