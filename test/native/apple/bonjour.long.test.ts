// The driver bonjour over a library that behaves like Apple's: a stand-in, since mDNSResponder cannot be installed
// here.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Ended, runProgram } from '../../support/child.js'

const SOURCE = fileURLToPath(new URL('../../../../test/native/apple/stand-in.c', import.meta.url))

/** Members listen on these addresses, one after the other. The program prints which of them connect, and ends. */
const PROGRAM = (addresses: readonly string[], meetings: number) => `
  import { once } from 'node:events'
  import { tcpnet } from 'tcpnet'
  const services = []
  const met = new Set()
  const closeAll = () => services.forEach((service) => service.close())
  for (const [at, address] of ${JSON.stringify(addresses)}.entries()) {
    const service = tcpnet({ name: 'at-home', driver: 'bonjour', firstLook: false })
    services.push(service)
    service.on('connection', ({ peer }) => {
      met.add([at, services.findIndex(({ uuid }) => uuid === peer.uuid)].sort().join(' meets '))
      if (met.size === ${meetings}) closeAll()
    })
    await once(service.listen(0, address), 'listening')
  }
  await Promise.all(services.map((service) => once(service, 'close')))
  console.log([...met].sort().join(', '))`

const FAILING = `
  import { tcpnet } from 'tcpnet'
  tcpnet({ name: 'alone', driver: 'bonjour', firstLook: false }).on('error', ({ message }) => console.log(message)).listen()`

describe("over Apple's library", {
  skip: process.platform === 'darwin' && "Apple's library is part of libSystem there"
}, () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tcpnet-apple-'))
    const output = ['-o', join(folder, 'libdns_sd.so.1')]
    await promisify(execFile)('cc', ['-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', ...output, SOURCE])
  })
  after(() => rm(folder, { recursive: true }))

  const run = (program: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
    runProgram(program, { LD_LIBRARY_PATH: folder, ...env })

  it('members that listen on loopback addresses connect to each other, and to one that listens on all addresses', async () => {
    const ended = await run(PROGRAM(['127.0.0.1', 'localhost', '::1', '0.0.0.0'], 6))
    const pairs = ['0 meets 1', '0 meets 2', '0 meets 3', '1 meets 2', '1 meets 3', '2 meets 3'].join(', ')
    // Only the dialing members look the host name up.
    const stdout = ended.stdout.replace(/looked up stand-in\.local (1|28)\n/g, '')
    assert.deepEqual({ ...ended, stdout }, { code: 0, signal: null, stdout: `${pairs}\n`, stderr: '' })
  })

  for (const target of ['localhost.', 'example.com.', 'localhost.example.', 'local.']) {
    it(`the host ${target} on another interface is neither looked up nor dialed`, async () => {
      // Members on loopback are reported last: when they connect, the others were processed.
      const program = PROGRAM(['0.0.0.0', '0.0.0.0', '127.0.0.1', '127.0.0.1'], 5)
      const ended = await run(program, { STAND_IN_TARGET: target })
      const pairs = ['0 meets 2', '0 meets 3', '1 meets 2', '1 meets 3', '2 meets 3'].join(', ')
      assert.deepEqual(ended, { code: 0, signal: null, stdout: `${pairs}\n`, stderr: '' })
    })
  }

  it('the error without a daemon names the daemon of that library', async () => {
    const ended = await run(FAILING, { STAND_IN_NO_DAEMON: '1' })
    assert.match(ended.stdout, /mDNSResponder/)
    assert.doesNotMatch(ended.stdout, /avahi/i)
    assert.deepEqual({ ...ended, stdout: '' }, { code: 0, signal: null, stdout: '', stderr: '' })
  })
})
