// A dial that reaches an impostor: what the dialer reveals, and which proof it accepts.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { after, describe, test } from 'node:test'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { tlsSecurity } from '#tcpnet/security/mutual-tls.js'
import { secretSecurity } from '#tcpnet/security/secret.js'
import { Authority } from './certificates.js'
import { dial, failure } from './dial.js'

const authority = new Authority('the cluster')
const otherAuthority = new Authority('another cluster')
const member = authority.issue('member')
const impostor = otherAuthority.issue('impostor')

const servers = new Set<Server>()
after(() => {
  for (const server of servers) server.close()
})

async function listen(server: Server): Promise<number> {
  servers.add(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A TLS server that answers `ok` to every hello, and records what it receives in clear. */
async function yesServer(options: TlsOptions): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = []
  const server = createTlsServer(options, (socket: TLSSocket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      heard.push(data.toString())
      socket.write('{"tcpnet":1,"status":"ok","seq":1,"boot":"0123456789abcdef"}\n')
    })
  })
  server.on('tlsClientError', () => {})
  return { port: await listen(server), heard }
}

describe('a dialer with a secret', () => {
  const security = secretSecurity({ secrets: ['the secret'], name: 'x', uuid: 'A' })

  test('accepts no certificate, self-signed or of an authority, and sends nothing but a share', async () => {
    for (const options of [impostor, member]) {
      const { port, heard } = await yesServer(options)
      failure(await dial(security, port), 'ERR_TCPNET_TLS')
      assert.match(heard.join(''), /^\{"cpace":1,"share":"[0-9a-f]{64}","uuid":"A","attempt":\d+\}\n$/)
    }
  })

  test('sends nothing to a server in clear or of TLS 1.2', async () => {
    const heard: string[] = []
    const plain = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (data) => heard.push(data.toString('latin1')))
      socket.write('{"tcpnet":1,"status":"ok","seq":1,"boot":"0123456789abcdef"}\n')
    })
    failure(await dial(security, await listen(plain)), 'ERR_TCPNET_TLS')
    assert.doesNotMatch(heard.join(''), /tcpnet|BEEF|the secret/)
    const old = await yesServer({ ...impostor, maxVersion: 'TLSv1.2' })
    failure(await dial(security, old.port), 'ERR_TCPNET_TLS')
    assert.deepEqual(old.heard, [])
  })
})

describe('a dialer with a certificate', () => {
  const security = tlsSecurity(member)

  test('accepts no certificate of another authority, and no expired one', async () => {
    for (const options of [impostor, authority.issue('expired', { days: -1 })]) {
      const { port, heard } = await yesServer(options)
      failure(await dial(security, port), 'ERR_TCPNET_TLS')
      assert.deepEqual(heard, [])
    }
  })

  test('accepts no server certificate that is for clients only', async () => {
    const extensions = 'basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth'
    const { port, heard } = await yesServer(authority.issue('client', { extensions }))
    failure(await dial(security, port), 'ERR_TCPNET_TLS')
    assert.deepEqual(heard, [])
  })

  test('calls the checkServerIdentity of the settings, and fails the dial if that throws', async () => {
    const { port } = await yesServer(member)
    // The name that is asked for is the peer's uuid, or that of the settings.
    for (const [names, expected] of [
      [{}, 'BEEF'],
      [{ servername: '' }, 'BEEF'],
      [{ servername: 'members.example' }, 'members.example']
    ] as const) {
      const asked: unknown[] = []
      const naming = tlsSecurity({
        ...member,
        ...names,
        checkServerIdentity: (host, { subject }) => {
          asked.push(host, subject.CN)
          throw new Error('not this one')
        }
      })
      const error = failure(await dial(naming, port), 'ERR_TCPNET_TLS')
      assert.match(error.message, /not this one/)
      assert.deepEqual(asked, [expected, 'member'])
    }
  })
})

/** Dials the port with the secret in its argument, and prints how that ended. */
const DIAL = `
  const { Dial } = await import('#tcpnet/mesh/dialer.js')
  const { secretSecurity } = await import('#tcpnet/security/secret.js')
  const security = secretSecurity({ secrets: [process.argv[2]], name: 'x', uuid: 'A' })
  const hello = () => ({ name: 'x', from: 'A', boot: '0123456789abcdef', to: 'BEEF', seq: 0, dial: 1 })
  const { connectTo: connect } = await import('#tcpnet/mesh/race.js')
  const { Allowance, processBudget } = await import('#tcpnet/mesh/connect-budget.js')
  const allowance = new Allowance(processBudget, () => true)
  const endpoints = [{ address: '127.0.0.1', family: 4, port: Number(process.argv[1]) }]
  security.prepare((error) => {
    const locate = async () => null
    const target = { uuid: 'BEEF', endpoints, locate, security, deadlineMs: 5000, slowAfterMs: 250, hello, connect, allowance }
    new Dial(target, (result) => console.log(error, result.kind, result.error?.code, result.error?.message))
  })`

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const options = {
    cwd: new URL('.', import.meta.url),
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...env },
    timeout: 20_000
  }
  return new Promise((resolve) => {
    execFile(process.execPath, ['--input-type=module', '-e', program, ...args], options, (error, stdout, stderr) =>
      resolve(error === null ? stdout : `${error.message}${stderr}`)
    )
  })
}

test('a dialer with a secret accepts no certificate, whatever the environment variables of the process', async () => {
  const { port, heard } = await yesServer(impostor)
  for (const env of [
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    { NODE_OPTIONS: '--tls-min-v1.0 --tls-max-v1.2' },
    { NODE_OPTIONS: '--tls-cipher-list=DEFAULT@SECLEVEL=0' }
  ]) {
    const said = await run(DIAL, [String(port), 'the secret'], env)
    assert.match(said, /^null failed ERR_TCPNET_TLS /, JSON.stringify(env))
  }
  assert.doesNotMatch(heard.join(''), /tcpnet|BEEF|the secret/)
})

test('that test can fail: the environment variable makes a plain TLS client accept the certificate', async () => {
  const { port, heard } = await yesServer(impostor)
  const program = `
    const { connect } = await import('node:tls')
    const socket = connect(Number(process.argv[1]), '127.0.0.1', () => socket.end('believed'))
    socket.on('error', () => {}).resume()`
  await run(program, [String(port)], {})
  assert.deepEqual(heard, [])
  await run(program, [String(port)], { NODE_TLS_REJECT_UNAUTHORIZED: '0' })
  assert.deepEqual(heard, ['believed'])
})
