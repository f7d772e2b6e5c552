// What a listener of the application throws is an uncaught exception, as everywhere in Node. An application that catches
// those has a service that goes on.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { skipWithoutLab } from './lab/index.js'
import { runProgram } from './support/child.js'

/** Runs a program that throws `on purpose` from listeners, and prints a line for each of that. */
async function outputOf(program: string): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram(`
    import { once } from 'node:events'
    import { connect } from 'node:net'
    import { tcpnet } from 'tcpnet'
    process.on('uncaughtException', (error) => console.log(error.message))
    const fail = () => { throw new Error('on purpose') }
    const until = async (condition) => { while (!condition()) await new Promise(setImmediate) }
    const listen = async (settings, event = 'none') => {
      const service = tcpnet(settings).on(event, fail).listen()
      await until(() => service.listening)
      return service
    }
    ${program}
  `)
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  return stdout.trim().split('\n')
}

describe('a listener that throws', () => {
  it('for listening does not keep the service from its peers', async () => {
    const output = await outputOf(`
      const first = await listen('throws')
      const second = await listen('throws', 'listening')
      await until(() => second.connections.length === 1)
      console.log('connected')
      first.close()
      second.close()
    `)
    assert.deepEqual(output, ['on purpose', 'connected'])
  })

  it('for connection does not keep the service from its other peers', async () => {
    const output = await outputOf(`
      const others = [await listen('throws'), await listen('throws')]
      const service = await listen('throws', 'connection')
      await until(() => service.connections.length === 2)
      console.log('connected')
      for (const one of [...others, service]) one.close()
    `)
    assert.deepEqual(output.sort(), ['connected', 'on purpose', 'on purpose'])
  })

  it('for a failed dial does not keep the service from its other peers', async () => {
    const output = await outputOf(`
      const others = [await listen({ name: 'throws', secret: Buffer.alloc(32) }), await listen('throws')]
      const service = await listen('throws', 'error')
      await until(() => service.connections.length === 1)
      console.log(service.peers.get(others[0].uuid).state)
      for (const one of [...others, service]) one.close()
    `)
    assert.deepEqual(output, ['on purpose', 'announced'])
  })

  it('for rejected does not leave the refused connection open', async () => {
    const output = await outputOf(`
      const service = await listen('throws', 'rejected')
      const { port } = service.address()
      const strangers = Array.from({ length: 33 }, () => connect(port, '127.0.0.1').on('error', () => {}))
      await Promise.race(strangers.map((stranger) => once(stranger.resume(), 'end')))
      console.log('one is refused')
      for (const stranger of strangers) stranger.destroy()
      service.close()
    `)
    assert.deepEqual(output, ['on purpose', 'one is refused'])
  })
})

/** Runs a program on a machine whose bus nobody serves, with `listen()`, which fails there. */
function withoutDaemon(program: string) {
  const source = `
    import { Worker } from 'node:worker_threads'
    import { tcpnet } from 'tcpnet'
    const listen = () => tcpnet({ name: 'throws', driver: 'avahi' }).listen()
    ${program}
  `
  return runProgram(source, { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/nowhere' })
}

// The addon calls it, from a callback of its own.
describe('an error of the addon that nobody listens for', { skip: skipWithoutLab }, () => {
  it('ends the process', async () => {
    const { code, signal, stderr } = await withoutDaemon('listen()')
    assert.deepEqual({ code, signal }, { code: 1, signal: null })
    assert.match(stderr, /ERR_TCPNET_NO_DAEMON/)
    assert.doesNotMatch(stderr, /Warning/)
  })

  it('is an uncaught exception of the process', async () => {
    const ended = await withoutDaemon(`
      process.on('uncaughtException', (error) => console.log(error.code))
      listen()
    `)
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'ERR_TCPNET_NO_DAEMON\n', stderr: '' })
  })

  it('is the error of its worker', async () => {
    const ended = await withoutDaemon(`
      const source = "const { tcpnet } = require('tcpnet'); (" + listen + ")()"
      const worker = new Worker(source, { eval: true, execArgv: [] })
      worker.on('error', (error) => console.log(error.code)).on('exit', (code) => console.log(code))
    `)
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'ERR_TCPNET_NO_DAEMON\n1\n', stderr: '' })
  })
})
