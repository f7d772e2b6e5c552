// The two kinds of security that encrypt, for tests that hold for both.
import type { Settings } from 'tcpnet'
import { pskSecurity, tlsSecurity } from '#tcpnet/security/modes.js'
import type { Security } from '#tcpnet/security/security.js'
import type { Authority } from './certificates.js'

const KEY = Buffer.alloc(32, 1)

interface Kind {
  readonly settings: Pick<Settings, 'secret' | 'tls'>
  readonly security: Security
}

export function kinds(authority: Authority): [string, () => Kind][] {
  const tls = authority.issue('member')
  return [
    ['secret', () => ({ settings: { secret: KEY }, security: pskSecurity([KEY], 'x') })],
    ['tls', () => ({ settings: { tls }, security: tlsSecurity(tls) })]
  ]
}
