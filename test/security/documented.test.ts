// The example in docs/security.md is the output of the code, so that a second implementation can be compared with it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { confirmationOf } from '#tcpnet/security/cpace/confirmation.js'
import { loadElligator } from '#tcpnet/security/cpace/elligator.js'
import { generatorOf } from '#tcpnet/security/cpace/generator.js'
import { sessionKey } from '#tcpnet/security/cpace/session-key.js'
import { multiply } from '#tcpnet/security/cpace/x25519.js'
import { channelOf, identityOf } from '#tcpnet/security/secret-exchange.js'
import { deriveKeys } from '#tcpnet/security/secret-keys.js'
import { encodeProof, encodeShare } from '#tcpnet/security/secret-messages.js'
import { RUN, scalarOf } from './cpace-vectors.js'

const NAME = 'my-cluster'
const [DIALER, ACCEPTOR] = ['A1', 'B2']

test('the example of a proof in docs/security.md', async () => {
  const [secret] = await deriveKeys([Buffer.from(Array.from({ length: 32 }, (_, at) => at))], NAME)
  assert.ok(secret !== undefined)
  const channel = channelOf(NAME, Buffer.alloc(32, 0xcc))
  const generator = generatorOf(secret, channel, await loadElligator())
  const [ya, yb] = [RUN.a.scalar, RUN.b.scalar]
  const [Ya, Yb] = [multiply(scalarOf(ya), generator), multiply(scalarOf(yb), generator)]
  assert.ok(Ya !== null && Yb !== null)
  const a = { share: Ya, associatedData: identityOf('initiator', DIALER) }
  const b = { share: Yb, associatedData: identityOf('responder', ACCEPTOR) }
  const point = multiply(scalarOf(ya), Yb)
  assert.ok(point !== null)
  const key = sessionKey(point, a, b)
  const [Ta, Tb] = [confirmationOf(a, key), confirmationOf(b, key)]
  const values = {
    ...{ PRS: secret, CI: channel, ADa: a.associatedData, ADb: b.associatedData, g: generator },
    ...{ ya: Buffer.from(ya, 'hex'), yb: Buffer.from(yb, 'hex'), Ya, Yb, K: point, ISK: key, Ta, Tb }
  }
  const rows = Object.entries(values).map(([name, bytes]) => `${name.padEnd(4)} ${bytes.toString('hex')}\n`)
  const lines = [
    `dialer    ${encodeShare({ share: Ya, uuid: DIALER, attempt: 0 })}`,
    `acceptor  ${encodeShare({ share: Yb, uuid: ACCEPTOR })}`,
    `dialer    ${encodeProof(Ta)}`,
    `acceptor  ${encodeProof(Tb)}`
  ]
  const path = fileURLToPath(new URL('../../../docs/security.md', import.meta.url))
  const [, shown] = /<!-- example -->\n\n```\n([\s\S]*?)```/.exec(readFileSync(path, 'utf8')) ?? []
  assert.equal(shown, `${rows.join('')}\n${lines.join('')}`)
})
