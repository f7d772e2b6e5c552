// Fake timers, clocks that jump, several copies of the package, bundles.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { runProgram } from '../support/child.js'

/** Runs a program that has real timers and functions to wait for services; resolves with the lines that it prints. */
async function outputOf(program: string): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram(`
    const { setTimeout, setImmediate } = globalThis
    const until = async (condition) => { while (!condition()) await new Promise((resolve) => setImmediate(resolve)) }
    const meshed = async (a, b, tick = () => {}) => {
      await until(() => {
        tick()
        return a.connections.length === 1 && b.connections.length === 1
      })
    }
    const closed = (service) => new Promise((resolve) => service.close(resolve))
    ${program}
  `)
  assert.deepEqual({ code, stderr: stderr.replace(/^.*ExperimentalWarning.*\n.*\n/m, '') }, { code: 0, stderr: '' })
  return stdout.trim().split('\n')
}

describe('with fake timers', () => {
  const orders: [string, string, string][] = [
    ['before', 'mock.timers.enable()', ''],
    ['after', '', 'mock.timers.enable()']
  ]
  for (const [order, early, late] of orders) {
    it(`that are installed ${order} the import, services mesh, dial again and close when the test lets time pass`, async () => {
      const output = await outputOf(`
        import { mock } from 'node:test'
        ${early}
        const { tcpnet } = await import('tcpnet')
        ${late}
        const [a, b] = [tcpnet('x').listen(), tcpnet('x').listen()]
        const tick = () => mock.timers.tick(1)
        await meshed(a, b, tick)
        console.log('meshed')
        const [socket] = a.connections
        socket.destroy()
        await until(() => socket.closed)
        await meshed(a, b, tick)
        console.log('meshed again')
        await Promise.all([closed(a), closed(b)])
        console.log('closed')
      `)
      assert.deepEqual(output, ['meshed', 'meshed again', 'closed'])
    })
  }

  it('that begin at zero, the interfaces of the machine are listed', async () => {
    const output = await outputOf(`
      performance.now = () => 0
      const { addon } = await import('#tcpnet/addon.js')
      const { isHost } = await import('#tcpnet/net/addresses.js')
      const { index } = addon().interfaces().find(({ loopback }) => loopback)
      console.log(isHost('127.0.0.1', index))
    `)
    assert.deepEqual(output, ['true'])
  })
})

it('when clocks jump, connections stay, and lost ones are made again without delay', async () => {
  const output = await outputOf(`
    const [now, sinceStart] = [Date.now.bind(Date), performance.now.bind(performance)]
    let [byDate, byMonotonic] = [0, 0]
    Date.now = () => now() + byDate
    performance.now = () => sinceStart() + byMonotonic
    const { tcpnet } = await import('tcpnet')
    const make = () => tcpnet({ name: 'x', deadPeerTimeout: 2000 }).listen()
    const [a, b] = [make(), make()]
    await meshed(a, b)
    const hour = 3_600_000
    for (const [date, monotonic] of [[9000 * hour, 0], [-9000 * hour, 0], [9000 * hour, 24 * hour]]) {
      byDate += date
      byMonotonic += monotonic
      const [socket] = a.connections
      socket.destroy()
      await until(() => a.peers.get(b.uuid).state === 'waiting')
      console.log(Math.abs(a.peers.get(b.uuid).retryAt - Date.now()) < 10_000)
      await meshed(a, b)
    }
    const [socket] = a.connections
    byMonotonic += 24 * hour
    // Silent connections are looked for every 400 ms.
    await new Promise((resolve) => setTimeout(resolve, 500))
    console.log(a.connections[0] === socket)
    await Promise.all([closed(a), closed(b)])
  `)
  assert.deepEqual(output, ['true', 'true', 'true', 'true'])
})

describe('a copy of the package', () => {
  it('in the same process as another has its own addon, and its own services over memory', async () => {
    const output = await outputOf(`
      import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
      import { tmpdir } from 'node:os'
      import { join } from 'node:path'
      import { pathToFileURL } from 'node:url'
      const binaries = ['build/Release/tcpnet.node', 'prebuilds'].filter((path) => existsSync(path))
      const copy = () => {
        const folder = mkdtempSync(join(tmpdir(), 'copy-'))
        process.on('exit', () => rmSync(folder, { recursive: true }))
        for (const part of ['package.json', 'dist', ...binaries]) cpSync(part, join(folder, part), { recursive: true })
        symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
        return folder
      }
      const all = []
      const shared = new AbortController()
      for (const folder of [copy(), copy()]) {
        const { tcpnet } = await import(pathToFileURL(join(folder, 'dist/index.js')))
        const make = () => tcpnet({ name: 'x', signal: shared.signal }).listen()
        all.push(make(), make())
      }
      const [a, b, c, d] = all
      await meshed(a, b)
      await meshed(c, d)
      console.log(new Set(all.flatMap(({ connections }) => connections.map(({ peer }) => peer.uuid))).size)
      console.log(process.report.getReport().sharedObjects.filter((path) => /copy-.*tcpnet.*[.]node$/.test(path)).length)
      const ends = all.map((service) => new Promise((resolve) => service.on('close', resolve)))
      shared.abort()
      await Promise.all(ends)
    `)
    assert.deepEqual(output, ['4', '2'])
  })
})

describe('in a bundle', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tcpnet-bundle-'))
  })
  after(() => rm(folder, { recursive: true }))

  const services = `
    import { tcpnet } from 'tcpnet'
    const make = (settings) => tcpnet({ name: 'x', ...settings })
    const [a, b] = [1, 2].map(() => make({ driver: 'memory', secret: 'a secret of the cluster' }))
    a.once('connection', ({ peer }) => {
      console.log(peer.uuid === b.uuid)
      for (const service of [a, b]) service.close()
      make({ driver: 'avahi' }).on('error', ({ code, message }) => console.log(code, message)).listen()
      const [c, d] = [1, 2].map(() => make({ driver: 'auto' }).listen(0, '127.0.0.1'))
      c.once('connection', () => {
        console.log(c.driver)
        for (const service of [c, d]) service.close()
      })
    }).listen()
    b.listen()`

  for (const [format, said] of [
    ['cjs', /^true\nERR_TCPNET_ADDON tcpnet is part of a bundle.*leave it out of the bundle.*\nembedded\n$/s],
    ['esm', /^true\nERR_TCPNET_ADDON .*If the application is bundled, leave tcpnet out of the bundle.*\nembedded\n$/s]
  ] as const) {
    it(`of format ${format}, memory, embedded and secret work, and the error for the missing addon says what to do`, async () => {
      const outfile = join(folder, format === 'cjs' ? 'app.cjs' : 'app.mjs')
      const stdin = { contents: services, resolveDir: process.cwd() }
      await build({ stdin, outfile, format, bundle: true, platform: 'node', logLevel: 'silent' })
      const { stdout } = await promisify(execFile)(process.execPath, [outfile], { timeout: 20_000 })
      assert.match(stdout, said)
    })
  }
})
