import type { TLSSocket } from 'node:tls'
import { failed } from './handshake.js'
import { deriveKeys, type PresharedKey, type Secret } from './keys.js'
import { plainChannel } from './security.js'
import { type Admission, TlsSecurity, type TlsSetup } from './tls.js'
import type { TlsSettings } from './tls-settings.js'

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
    // No authority at all: Node's own would be trusted otherwise, by a dialer that is shown a certificate.
    context: { ca: [] },
    client: {
      // Said, because the environment (NODE_TLS_REJECT_UNAUTHORIZED) decides where it is not.
      rejectUnauthorized: true,
      pskCallback: () => (first === undefined ? null : { identity: first.identity, psk: first.key }),
      // Asked only where the other side showed a certificate instead of knowing the secret.
      checkServerIdentity: ignorance
    },
    server: { pskCallback: (_socket, identity) => byIdentity.get(identity) ?? null },
    // A pre-shared key is what TLS 1.3 calls resumption, too (RFC 8446 §2.2), and there is nothing else to resume here.
    admit: (admission) => admit(admission, admission.secured.isSessionReused() ? null : ignorance())
  }
}

function ignorance(): Error {
  return new Error('the other side does not know the secret')
}

/** Mutual TLS: each side shows a certificate of the cluster's own authority. */
export function tlsSecurity(settings: TlsSettings): TlsSecurity {
  return new TlsSecurity('tls', async () => tlsSetup(settings))
}

/** The options of both sides. A certificate says that its holder belongs; it names no host, unless the caller checks that. */
export function tlsSetup(settings: TlsSettings): TlsSetup {
  const { servername, checkServerIdentity, ALPNProtocols, ...context } = settings
  const alpn = ALPNProtocols === undefined ? {} : { ALPNProtocols }
  return {
    context,
    client: {
      ...alpn,
      ...(servername === undefined ? {} : { servername }),
      checkServerIdentity: (host, certificate) => {
        try {
          return checkServerIdentity?.(host, certificate)
        } catch (error) {
          return error as Error
        }
      },
      rejectUnauthorized: true
    },
    // Node would drop a bad certificate without a word about it; the objection says what is wrong with it.
    server: { ...alpn, requestCert: true, rejectUnauthorized: false },
    admit: (admission) => admit(admission, certificateObjection(admission.secured))
  }
}

/** Both sides have proven that they belong as soon as TLS is through; a certificate tells no uuid. */
function admit({ secured, dialed, handshake, onProven }: Admission, objection: Error | null): void {
  if (objection !== null) return handshake.fail(failed(objection))
  onProven(dialed ?? '')
  handshake.prove()
  handshake.succeed(plainChannel(secured))
}

/** Not authorized, or not looked at: a resumed session has no certificate that was verified. */
function certificateObjection(secured: TLSSocket): Error | null {
  if (secured.isSessionReused()) return new Error('the other side resumed a session')
  if (secured.authorized) return null
  if (secured.getPeerX509Certificate() === undefined) return withCode('PEER_DID_NOT_RETURN_A_CERTIFICATE')
  // Node's types say Error; it is the code of X509_verify_cert_error_string(3).
  return withCode(String(secured.authorizationError))
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code })
}
