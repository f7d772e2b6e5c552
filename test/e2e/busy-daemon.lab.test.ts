// A daemon that answers, and cannot announce anything yet, because every host name that it tries is taken. Only a
// daemon that does not answer counts as missing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sharedLab } from '../lab/index.js'
import { closeAll, fullMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { inWhole, overDrivers } from './drivers.js'

const CLAIMANT = fileURLToPath(new URL('../programs/claimant.js', import.meta.url))
/**
 * The name that the daemon tries after five more seconds, one for each name: longer than the deadline of a silent
 * daemon.
 */
const LATER = /^alpha-8\.local/

const shared = sharedLab(async (lab) => {
  const [alpha, beta] = await lab.hosts(['alpha', 'beta'])
  const mallory = await lab.host('mallory', { avahi: false })
  return { alpha, beta, mallory }
})

overDrivers(['avahi', ...inWhole('bonjour', 'mdns')], (driver, skip) => {
  test('listen() waits for a daemon that answers and has no name for its host', { skip }, async () => {
    const { alpha, beta, mallory } = shared.hosts
    // With a first look it would connect, and so emit `listening`, before it is announced.
    const settings = { name: 'patient', driver, errorHandlers: false, firstLook: false }
    const [newcomer, old] = [await Node.prepare(alpha, settings), await Node.start(beta, settings)]
    await alpha.avahi.stop()
    const claimant = await mallory.run([process.execPath, CLAIMANT, mallory.ipv4])
    await claimant.line(/^ready/, 'the claimant does not start')
    const started = alpha.avahi.start()
    started.catch(() => {})
    await claimant.line(/^alpha-2\.local/, 'the daemon does not look for another name')

    await newcomer.ask({ ask: 'listen' })
    await claimant.line(LATER, 'the daemon does not look for another name')
    const told = (kind: 'listening' | 'error') => newcomer.ledger.all(kind).length
    assert.deepEqual([told('listening'), told('error')], [0, 0])

    claimant.endInput()
    await newcomer.event('listening', 'the service does not listen')
    await started
    await fullMesh([newcomer, old])
    assert.equal(told('error'), 0)
    await closeAll([newcomer, old])
    await alpha.avahi.restart()
  })
})
