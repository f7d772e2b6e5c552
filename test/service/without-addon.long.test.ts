// A machine without a binary of the native addon.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../support/child.js'

/** Has node-gyp-build look for the addon in a folder that has none, instead of the package. */
const WITHOUT = { TCPNET_PREBUILD: fileURLToPath(new URL('.', import.meta.url)) }

it('services mesh and close; a daemon driver that is chosen by name fails with an error that says what is missing', async () => {
  const program = `
    import { tcpnet } from 'tcpnet'
    import { once } from 'node:events'
    const [a, b] = [1, 2].map(() => tcpnet({ name: 'x', secret: 'a secret of the cluster' }).listen())
    await Promise.all([a, b].map((one) => once(one, 'connection')))
    console.log(a.connections.length, b.connections.length, a.address().port > 0)
    await Promise.all([a, b].map((one) => new Promise((resolve) => one.close(resolve))))
    for (const driver of ['avahi', 'bonjour', 'mdns']) {
      tcpnet({ name: 'x', driver }).on('error', ({ code }) => console.log(driver, code)).listen()
    }
  `
  const { stdout, ...ended } = await runProgram(program, WITHOUT)
  assert.deepEqual(ended, { code: 0, signal: null, stderr: '' })
  const lines = stdout.trim().split('\n')
  assert.deepEqual(lines.slice(0, 1), ['1 1 true'])
  assert.deepEqual(
    lines.slice(1).sort(),
    ['avahi', 'bonjour', 'mdns'].map((driver) => `${driver} ERR_TCPNET_ADDON`)
  )
})

it('the error of a daemon driver names the platform, its C library, the folder, and a command that builds the addon', async () => {
  const { stdout } = await runProgram(
    "import { tcpnet } from 'tcpnet'\ntcpnet({ name: 'x', driver: 'avahi' }).on('error', (error) => console.log(error.message)).listen()",
    WITHOUT
  )
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  const platform = `${process.platform}-${process.arch}`
  const linked = process.platform === 'linux' ? ` (${isMusl() ? 'musl' : 'glibc'})` : ''
  assert.ok(stdout.includes(`addon for ${platform}${linked} did not load from ${root}: `), stdout)
  assert.ok(stdout.includes(`\`npx node-gyp rebuild --directory "${root}native"\``), stdout)
})

/** Whether the report of this runtime names no glibc, as on Alpine. */
function isMusl(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime === undefined
}

it('the debug log says once that the addon is missing, and why', async () => {
  const program = `
    import { tcpnet } from 'tcpnet'
    const [a, b] = [1, 2].map(() => tcpnet('x').listen())
    a.on('connection', () => [a, b].forEach((one) => one.close()))
  `
  const { code, stderr } = await runProgram(program, { ...WITHOUT, NODE_DEBUG: 'tcpnet' })
  assert.equal(code, 0, stderr)
  assert.equal(stderr.match(/without the native addon: .*No native build was found/g)?.length, 1, stderr)
})

it('the interfaces and addresses of the machine are known', async () => {
  const program = `
    import { interfaceOf, isOnLink, isOwn, localAddresses } from '#tcpnet/net/addresses.js'
    const { index: interfaceIndex } = interfaceOf('127.0.0.1')
    console.log(isOwn('127.0.0.1'), isOnLink({ address: '127.0.0.1', interfaceIndex, family: 4 }))
    console.log(localAddresses().length > 0)
  `
  const { stdout, ...ended } = await runProgram(program, WITHOUT)
  assert.deepEqual([stdout, ended], ['true true\ntrue\n', { code: 0, signal: null, stderr: '' }])
})

it('connections have the keep-alive of Node', async () => {
  const program = `
    import { createServer, connect } from 'node:net'
    import { DeadPeerWatch } from '#tcpnet/net/dead-peer.js'
    const watch = new DeadPeerWatch(5000, [])
    watch.added({ setKeepAlive: (...given) => console.log(...given) })
    console.log(process.getActiveResourcesInfo().includes('Timeout'))
  `
  const { stdout, ...ended } = await runProgram(program, WITHOUT)
  assert.deepEqual([stdout, ended], ['true 1000\nfalse\n', { code: 0, signal: null, stderr: '' }])
})
