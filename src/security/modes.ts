import type { ConnectionOptions, TlsOptions } from 'node:tls'
import { deriveKeys, type PresharedKey, type Secret } from './keys.js'
import { TlsSecurity, type TlsSetup } from './tls.js'

/** A certificate's worth of options: those of `tls.connect` and `tls.createServer`. */
export type TlsSettings = Omit<
  TlsOptions & ConnectionOptions,
  'requestCert' | 'rejectUnauthorized' | 'pskCallback' | 'socket' | 'host' | 'port' | 'path' | 'lookup' | 'session'
>

/**
 * TLS 1.3 with a pre-shared key and an ephemeral key exchange. The first secret is used to dial, all of them are
 * accepted, so that a cluster can change its secret.
 */
export function pskSecurity(secrets: readonly Secret[], name: string): TlsSecurity {
  return new TlsSecurity('psk', async () => pskSetup(await deriveKeys(secrets, name)))
}

function pskSetup(keys: readonly PresharedKey[]): TlsSetup {
  const byIdentity = new Map(keys.map(({ identity, key }) => [identity, key]))
  const [first] = keys
  return {
    mode: 'psk',
    client: {
      minVersion: 'TLSv1.3',
      pskCallback: () => (first === undefined ? null : { identity: first.identity, psk: first.key }),
      // Asked only where the other side showed a certificate instead of knowing the secret.
      checkServerIdentity: () => new Error('the other side does not know the secret')
    },
    server: {
      minVersion: 'TLSv1.3',
      pskCallback: (_socket, identity) => byIdentity.get(identity) ?? null
    }
  }
}

/** Mutual TLS: each side shows a certificate of the cluster's own authority. */
export function tlsSecurity(settings: TlsSettings): TlsSecurity {
  return new TlsSecurity('tls', async () => tlsSetup(settings))
}

/** The options of both sides. A certificate says that its holder belongs; it names no host, unless the caller checks that. */
export function tlsSetup(settings: TlsSettings): TlsSetup {
  return {
    mode: 'tls',
    client: { checkServerIdentity: () => undefined, minVersion: 'TLSv1.3', ...settings, rejectUnauthorized: true },
    server: { minVersion: 'TLSv1.3', ...settings, requestCert: true, rejectUnauthorized: true }
  }
}
