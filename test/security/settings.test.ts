// Which values `secret` and `tls` take, and that no value leaves a cluster open by accident.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { inspect } from 'node:util'
import { type Settings, tcpnet } from '#tcpnet/index.js'
import { runProgram } from '../support/child.js'
import { Authority } from './certificates.js'

const authority = new Authority('settings')
const good = authority.issue('member')
const other = authority.issue('other')

/** The error that the settings throw, and its full output. */
function refusal(settings: object): { code: string; shown: string } {
  try {
    tcpnet({ name: 'x', driver: 'memory', ...settings } as Settings)
  } catch (error) {
    const { code, stack } = error as Error & { code: string }
    return { code, shown: `${inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })}${stack}` }
  }
  return assert.fail(`taken: ${inspect(settings, { depth: 0 })}`)
}

function tlsRefusal(options: object): string {
  return refusal({ tls: { ...good, ...options } }).code
}

test('a missing or invalid secret is an error, and never an open cluster', () => {
  for (const secret of [undefined, null, 5, true, {}, [undefined], ['x', null], [[]]]) {
    assert.equal(refusal({ secret }).code, 'ERR_INVALID_ARG_TYPE', inspect(secret))
  }
  for (const secret of ['', [], [''], Buffer.alloc(31), new Uint8Array(0), ['1', '2', '3', '4', '5']]) {
    assert.equal(refusal({ secret }).code, 'ERR_INVALID_ARG_VALUE', inspect(secret))
  }
  assert.equal(refusal({ tls: undefined }).code, 'ERR_INVALID_ARG_TYPE')
  assert.equal(refusal({ secret: 'x', tls: good }).code, 'ERR_INVALID_ARG_TYPE')
  assert.equal(refusal({ secrets: 'misspelt' }).code, 'ERR_INVALID_ARG_VALUE')
})

test('no error shows a secret', () => {
  const word = 'open sesame'
  const key = Buffer.from('a key of thirty bytes only....')
  for (const settings of [
    { secret: [word, undefined] },
    { secret: [word, ''] },
    { secret: { word } },
    { secret: word, tls: good },
    { secret: [word, key] }
  ]) {
    const { shown } = refusal(settings)
    assert.ok(!shown.includes(word), shown)
    assert.ok(!shown.includes('thirty') && !shown.includes('61 20 6b 65 79'), shown)
  }
})

test('valid settings of both kinds are accepted', () => {
  for (const secret of ['x', Buffer.alloc(32), new Uint8Array(64), ['x', Buffer.alloc(40)], ['1', '2', '3', '4']]) {
    tcpnet({ name: 'x', driver: 'memory', secret })
  }
  const fixed = {
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
    ecdhCurve: 'X25519',
    servername: undefined
  }
  tcpnet({ name: 'x', driver: 'memory', tls: { ...good, ...fixed } })
  tcpnet({ name: 'x', driver: 'memory', tls: { ...good, ca: [Buffer.from(good.ca)] } })
})

test('tls accepts no option that switches verification off or replaces it', () => {
  const context = createSecureContext()
  for (const options of [
    { rejectUnauthorized: false },
    { rejectUnauthorized: 0 },
    { requestCert: false },
    { secureContext: context },
    { SNICallback: () => {} },
    { ALPNCallback: () => 'x' },
    { ticketKeys: Buffer.alloc(48) },
    { pfx: Buffer.alloc(8) },
    { sessionTimeout: 86_400 },
    { session: Buffer.alloc(8) },
    { secureOptions: 0 },
    { secureProtocol: 'TLSv1_2_method' },
    { pskCallback: () => null },
    { minVersion: 'TLSv1.2' },
    { minVersion: 'TLSv1' },
    { maxVersion: 'TLSv1.2' },
    { ciphers: 'NULL' },
    { ciphers: 'aNULL:eNULL' },
    { ciphers: 'TLS_SHA256_SHA256' },
    { ciphers: 'TLS_AES_128_GCM_SHA256:@SECLEVEL=0' },
    { ciphers: 'DEFAULT@SECLEVEL=0' },
    { ciphers: '' },
    { host: 'localhost' },
    { isServer: true },
    { enableTrace: true },
    { someOptionOfTheFuture: false }
  ]) {
    assert.equal(tlsRefusal(options), 'ERR_INVALID_ARG_VALUE', inspect(options, { depth: 0 }))
  }
  for (const options of [{ servername: 5 }, { checkServerIdentity: true }]) {
    assert.equal(tlsRefusal(options), 'ERR_INVALID_ARG_TYPE', inspect(options))
  }
})

test('tls requires an authority: Node would trust every public one', () => {
  for (const ca of [undefined, null, [], 5, [undefined]]) {
    assert.equal(tlsRefusal({ ca }), 'ERR_INVALID_ARG_TYPE', inspect(ca))
  }
  for (const ca of ['', 'ca.pem', Buffer.alloc(0), [good.ca, '']]) {
    assert.equal(tlsRefusal({ ca }), 'ERR_INVALID_ARG_VALUE', inspect(ca))
  }
  /** An authority that is a property of a prototype must still reach OpenSSL. */
  class Holder {
    get ca(): string {
      return good.ca
    }
    get key(): string {
      return good.key
    }
    get cert(): string {
      return good.cert
    }
  }
  tcpnet({ name: 'x', driver: 'memory', tls: new Holder() })
})

test('later changes of certificates have no effect', async () => {
  const given = { ca: [Buffer.from(good.ca)], cert: [Buffer.from(good.cert)], key: [{ pem: Buffer.from(good.key) }] }
  const service = tcpnet({ name: 'x', driver: 'memory', tls: given })
  for (const bytes of [...given.ca, ...given.cert, ...given.key.map(({ pem }) => pem)]) bytes.fill(0)
  given.ca.length = 0
  service.listen()
  await once(service, 'listening')
  service.close()
})

test('a key that is missing, or belongs to another certificate, is an error at once, which does not show the key', () => {
  for (const options of [{ key: undefined }, { cert: undefined }]) {
    assert.equal(tlsRefusal(options), 'ERR_INVALID_ARG_TYPE')
  }
  for (const options of [{ key: other.key }, { key: 'no key' }, { cert: 'no certificate' }]) {
    const { code, shown } = refusal({ tls: { ...good, ...options } })
    assert.equal(code, 'ERR_INVALID_ARG_VALUE')
    assert.ok(!shown.includes('PRIVATE KEY') && !shown.includes('no key'), shown)
  }
})

test('setSecureContext accepts the same options as the setting, and throws for a service without certificates', () => {
  const service = tcpnet({ name: 'x', driver: 'memory', tls: good })
  service.setSecureContext(other)
  assert.throws(() => service.setSecureContext({ ...good, key: other.key }), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => service.setSecureContext({ ...good, ca: '' }), { code: 'ERR_INVALID_ARG_VALUE' })
  for (const settings of [{ name: 'x' }, { name: 'x', secret: 'y' }]) {
    assert.throws(() => tcpnet(settings).setSecureContext(good), { code: 'ERR_INVALID_ARG_TYPE' })
  }
})

test('a passphrase of fewer than eight characters causes a warning, once in a process', async () => {
  const { stdout, code } = await runProgram(`
    import { tcpnet } from 'tcpnet'
    process.on('warning', ({ code, message }) => console.log(code, message))
    for (const secret of ['12345678', Buffer.alloc(32), 'äöüäöüä', ['long enough', '1234567']]) {
      tcpnet({ name: 'x', secret })
      console.log('made')
      await new Promise(setImmediate)
    }`)
  assert.match(stdout, /^made\nmade\nmade\nTCPNET_SHORT_PASSPHRASE .* fewer than 8 characters.*\nmade\n$/)
  assert.ok(!stdout.includes('äöü'))
  assert.equal(code, 0)
})

// test/runtimes/pairs.ts tests Deno itself.
test('on Deno `tls` is an error at once, which says why, and `secret` is accepted', () => {
  const program = `
    Object.defineProperty(process.versions, 'deno', { value: '2.9.6' })
    const { tcpnet } = await import('tcpnet')
    const tls = JSON.parse(process.env.CREDENTIALS)
    try { tcpnet({ name: 'x', driver: 'memory', tls }) } catch (error) { console.log(error.code, error.message) }
    tcpnet({ name: 'x', driver: 'memory', secret: 'four random words' })`
  const env = { ...process.env, CREDENTIALS: JSON.stringify(good), NODE_DEBUG: '' }
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: new URL('.', import.meta.url),
    env,
    encoding: 'utf8'
  })
  assert.match(stdout, /^ERR_TCPNET_NO_TLS Deno does not verify .* use "secret"\.\n$/)
  assert.deepEqual([stderr, status], ['', 0])
})
