// A host without a DNS-SD daemon that answers: a service over that daemon fails within five seconds, with an error that
// says what to do.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Host, type Program, sharedLab, skipWithoutLab } from '../lab/index.js'
import { Node } from '../programs/node-client.js'
import { WHOLE } from '../support/long.js'
import { type Driver, overDrivers } from './drivers.js'

/** From listen() to `error`, in milliseconds. */
const ERROR_WITHIN_MS = 5000
/** Less than any wait for a daemon, in milliseconds. */
const HELD_MS = 500

const shared = sharedLab(async (lab) => {
  const [noBus, noAvahi] = await lab.hosts(['nobus', 'noavahi'], { avahi: false })
  const [frozen] = await lab.hosts(['frozen'])
  await Promise.all([noAvahi.dbus.start(), frozen.avahi.freeze()])
  return { 'no bus': noBus, 'no avahi-daemon': noAvahi, 'a frozen avahi-daemon': frozen }
})

/** Resolves with the `error` of a node that cannot listen. */
async function failure(host: Host, driver: Driver): Promise<{ message: string; afterMs: number; heldMs: number }> {
  const node = await Node.prepare(host, { name: 'nobody', driver })
  await node.ask({ ask: 'listen' })
  const opening = await node.event('opening', 'nothing is opened')
  const { code, message, at } = await node.event('error', 'no error')
  assert.equal(code, 'ERR_TCPNET_NO_DAEMON', message)
  const { heldMs } = await node.event('close', 'no close after the error')
  await node.process.ended()
  assert.deepEqual(
    node.ledger.events.map(({ event }) => event),
    ['opening', 'error', 'close']
  )
  return { message, afterMs: at - opening.at, heldMs }
}

overDrivers(['avahi', 'bonjour', 'mdns'], (driver, skip) => {
  for (const what of ['no bus', 'no avahi-daemon', 'a frozen avahi-daemon'] as const) {
    // The package mdns waits on the event loop for the answer, without a deadline.
    if (driver === 'mdns' && what === 'a frozen avahi-daemon') continue
    // The deadline is in healing.ts, above all native drivers.
    if (driver === 'bonjour' && what === 'a frozen avahi-daemon' && !WHOLE) continue
    test(`${what} causes one error that says what to do`, { skip }, async (t) => {
      const { message, afterMs, heldMs } = await failure(shared.hosts[what], driver)
      t.diagnostic(`after ${afterMs.toFixed()} ms, event loop blocked for ${heldMs.toFixed(1)} ms: ${message}`)
      assert.match(message, /install|start/)
      assert.match(message, /avahi-daemon/)
      assert.ok(afterMs < ERROR_WITHIN_MS, `the error came after ${afterMs} ms`)
      if (driver !== 'mdns') assert.ok(heldMs < HELD_MS, `the event loop was blocked for ${heldMs} ms`)
    })
  }
})

// The addon reports it in a callback, not within a call from JavaScript.
describe('an error of the addon without a listener', { skip: skipWithoutLab }, () => {
  const HERE = fileURLToPath(new URL('.', import.meta.url))

  /** Runs a program that can call `listen()`, which fails. */
  async function run(program: string): Promise<Program> {
    const source = `
      import { Worker } from 'node:worker_threads'
      import { tcpnet } from 'tcpnet'
      const listen = () => tcpnet({ name: 'nobody', driver: 'avahi' }).listen()
      ${program}`
    return await shared.hosts['no bus'].run([process.execPath, '--input-type=module', '-e', source], { cwd: HERE })
  }

  test('ends the process', async () => {
    const program = await run('listen()')
    assert.deepEqual(await program.exit, { code: 1, signal: null })
    assert.match(program.stderr, /ERR_TCPNET_NO_DAEMON/)
    assert.doesNotMatch(program.stderr, /Warning/)
  })

  test('is an uncaught exception of the process', async () => {
    const program = await run(`
      process.on('uncaughtException', (error) => console.log(error.code))
      listen()`)
    assert.deepEqual(await program.exit, { code: 0, signal: null })
    assert.deepEqual([program.lines, program.stderr], [['ERR_TCPNET_NO_DAEMON'], ''])
  })

  test('is the error of its worker', async () => {
    const program = await run(`
      const source = "const { tcpnet } = require('tcpnet'); (" + listen + ")()"
      const worker = new Worker(source, { eval: true, execArgv: [] })
      worker.on('error', (error) => console.log(error.code)).on('exit', (code) => console.log(code))`)
    assert.deepEqual(await program.exit, { code: 0, signal: null })
    assert.deepEqual([program.lines, program.stderr], [['ERR_TCPNET_NO_DAEMON', '1'], ''])
  })
})
