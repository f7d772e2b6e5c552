// The two kinds of security that encrypt, for tests that run with both.
import type { Settings } from '#tcpnet/index.js'
import { HandshakeGate } from '#tcpnet/security/gate.js'
import { tlsSecurity } from '#tcpnet/security/mutual-tls.js'
import { secretSecurity } from '#tcpnet/security/secret.js'
import type { TlsSecurity } from '#tcpnet/security/tls.js'
import type { Authority } from './certificates.js'

const KEY = Buffer.alloc(32, 1)

/** Gates for one test, whose budgets no other test uses, and which measure no cost. */
export function freeGates(): TlsSecurity['gates'] {
  const gate = () =>
    new HandshakeGate({ now: () => performance.now(), meter: { start() {}, stop() {}, take: () => 0 } })
  return { inbound: gate(), outbound: gate() }
}

interface Kind {
  readonly settings: Pick<Settings, 'secret' | 'tls'>
  readonly security: TlsSecurity
}

export function kinds(authority: Authority): [string, () => Kind][] {
  const tls = authority.issue('member')
  const secrets = { secrets: [KEY], name: 'x', uuid: 'A' }
  return [
    ['secret', () => ({ settings: { secret: KEY }, security: secretSecurity(secrets, { gates: freeGates() }) })],
    ['tls', () => ({ settings: { tls }, security: tlsSecurity(tls, { gates: freeGates() }) })]
  ]
}
