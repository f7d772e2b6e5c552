// Fake timers, clocks that jump, several copies of the package, bundles.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runProgram } from './support/child.js'

/** Runs a program that has real timers and waits for services; the lines that it prints. */
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
    it(`that are installed ${order} the import, services mesh, dial again and close as time is made to pass`, async () => {
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

  it('that begin at zero, the interfaces of the machine are known', async () => {
    const output = await outputOf(`
      performance.now = () => 0
      const { addon } = await import('#tcpnet/addon.js')
      const { isHost } = await import('#tcpnet/network.js')
      const { index } = addon().interfaces().find(({ loopback }) => loopback)
      console.log(isHost('127.0.0.1', index))
    `)
    assert.deepEqual(output, ['true'])
  })
})

it('where the clocks jump, connections stay, and lost ones are made again without delay', async () => {
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
  const COPY = `
    import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
    import { tmpdir } from 'node:os'
    import { join } from 'node:path'
    import { pathToFileURL } from 'node:url'
    const copy = (...parts) => {
      const folder = mkdtempSync(join(tmpdir(), 'copy-'))
      process.on('exit', () => rmSync(folder, { recursive: true }))
      for (const part of ['package.json', 'dist', ...parts]) cpSync(part, join(folder, part), { recursive: true })
      symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
      return folder
    }
    const binaries = ['build/Release/tcpnet.node', 'prebuilds'].filter((path) => existsSync(path))
    const from = (folder, path) => import(pathToFileURL(join(folder, 'dist', path)))
  `

  it('beside another in one process has its own addon, and its own services over memory', async () => {
    const output = await outputOf(`${COPY}
      const addons = []
      const all = []
      const shared = new AbortController()
      for (const folder of [copy(...binaries), copy(...binaries)]) {
        const { tcpnet } = await from(folder, 'index.js')
        const { addon } = await from(folder, 'addon.js')
        addons.push(addon())
        const make = () => tcpnet({ name: 'x', signal: shared.signal }).listen()
        all.push(make(), make())
      }
      const [a, b, c, d] = all
      console.log(addons[0] !== addons[1])
      for (const one of addons) console.log(one.interfaces().length > 0)
      await meshed(a, b)
      await meshed(c, d)
      console.log(new Set(all.flatMap(({ connections }) => connections.map(({ peer }) => peer.uuid))).size)
      const ends = all.map((service) => new Promise((resolve) => service.on('close', resolve)))
      shared.abort()
      await Promise.all(ends)
    `)
    assert.deepEqual(output, ['true', 'true', 'true', '4'])
  })

  it('in a bundle of CommonJS, where modules have no URL, fails with what to do', async () => {
    const output = await outputOf(`${COPY}
      const folder = copy()
      const file = join(folder, 'dist/addon.js')
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('import.meta.url', '({}).url'))
      const { tcpnet } = await from(folder, 'index.js')
      const service = tcpnet({ name: 'x', driver: 'avahi' })
      service.on('error', ({ code, message }) => console.log(code, message)).listen()
    `)
    assert.match(output.join(), /^ERR_TCPNET_ADDON tcpnet is part of a bundle.*leave it out of the bundle/)
  })
})
