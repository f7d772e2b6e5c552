// Secrets are not visible in what a debugger or a log prints of a service, a socket, an error or a trace.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { Settings } from '#tcpnet/index.js'
import { SecretExchange } from '#tcpnet/security/secret-exchange.js'
import { deriveKeys } from '#tcpnet/security/secret-keys.js'
import { Authority } from './certificates.js'
import { Member, mesh, newCluster } from './member.js'

const PASSPHRASE = 'swordfish'
const authority = new Authority('the cluster')
const ALL = { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true, maxStringLength: null } as const

/** All printable output of two connected members and a stranger. */
async function printed(settings: Settings, wrong: Settings): Promise<string> {
  const changes: unknown[] = []
  const onChange = (change: unknown) => changes.push(change)
  subscribe('tcpnet:change', onChange)
  const members = [await Member.start(settings), await Member.start(settings)]
  await mesh(members)
  const stranger = await Member.start(wrong)
  for (const member of members) await member.rejection()
  for (const member of members) await stranger.dialError(member.uuid)
  const shown = members.flatMap(({ service, sockets, rejections, errors }) => [
    service,
    service.peers,
    ...sockets.values(),
    rejections,
    errors
  ])
  const text = [...shown, stranger.errors, changes, process.title, process.argv].map((one) => inspect(one, ALL))
  await Promise.all([...members, stranger].map((member) => member.close()))
  unsubscribe('tcpnet:change', onChange)
  return text.join('\n')
}

/** The bytes as inspect shows a Buffer, as hexadecimal digits, and as Base64. */
function formsOf(bytes: Buffer): string[] {
  const hex = bytes.toString('hex')
  return [hex, (hex.match(/../g) ?? []).join(' '), bytes.toString('base64'), bytes.toString('base64url')]
}

test('a secret, and the key that is made of it', async () => {
  const name = newCluster()
  const key = Buffer.alloc(32, 'a key of many bytes')
  const derived = await deriveKeys([PASSPHRASE, key], name)
  const text = await printed({ name, secret: [PASSPHRASE, key] }, { name, secret: 'wrong' })
  assert.ok(text.length > 1000)
  for (const form of [PASSPHRASE, 'a key of many', ...[key, ...derived].flatMap(formsOf)]) {
    assert.ok(!text.includes(form), `${form} is in ${text}`)
  }
})

test('the keys made of the secret are overwritten when the service has closed', () => {
  const keys = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const options = { name: 'x', uuid: 'A', fingerprint: Buffer.alloc(32), map: () => Buffer.alloc(32) }
  const exchange = new SecretExchange({ ...options, keys })
  assert.ok(!formsOf(Buffer.alloc(32, 1)).some((form) => inspect(exchange, ALL).includes(form)))
  exchange.forget()
  assert.deepEqual(keys, [Buffer.alloc(32), Buffer.alloc(32)])
})

test('a private key, and its passphrase', async () => {
  const name = newCluster()
  const wrong = { ...new Authority('another').issue('stranger'), ca: authority.certificate }
  const member = authority.issue('member')
  const text = await printed({ name, tls: { ...member, passphrase: PASSPHRASE } }, { name, tls: wrong })
  assert.ok(text.length > 1000)
  for (const form of ['PRIVATE KEY', PASSPHRASE, ...member.key.split('\n').slice(1, -2)]) {
    assert.ok(!text.includes(form), `${form} is in ${text}`)
  }
})

test('the debug log', async () => {
  const program = `
    const { tcpnet } = await import('tcpnet')
    const settings = { name: 'x', driver: 'memory' }
    const services = [process.argv[1], process.argv[1], 'wrong'].map((secret) => tcpnet({ ...settings, secret }))
    let events = 0
    const count = () => { if (++events === 4) for (const service of services) service.close() }
    for (const service of services.slice(0, 2)) service.on('connection', count).on('rejected', count).listen()
    services[1].once('connection', () => services[2].listen())`
  const env = { ...process.env, NODE_DEBUG: 'tcpnet,net,tls' }
  const options = { env, cwd: new URL('.', import.meta.url), timeout: 20_000, maxBuffer: 2 ** 26 }
  const log = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, ['--input-type=module', '-e', program, PASSPHRASE], options, (error, _, stderr) =>
      error === null ? resolve(stderr) : reject(error)
    )
  })
  const keys = await deriveKeys([PASSPHRASE], 'x')
  assert.match(log, /TCPNET \d+: .* dialing -> connected/)
  for (const form of [PASSPHRASE, ...keys.flatMap(formsOf)]) assert.ok(!log.includes(form), log)
})
