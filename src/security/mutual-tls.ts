import type { TLSSocket } from 'node:tls'
import { failed } from './handshake.js'
import { plainChannel } from './security.js'
import { type Admission, FLIGHT_BYTES, type TlsParts, TlsSecurity, type TlsSetup } from './tls.js'
import type { TlsSettings } from './tls-settings.js'

/** Mutual TLS: each side presents a certificate of the cluster's own authority. */
export function tlsSecurity(settings: TlsSettings, parts: TlsParts = {}): TlsSecurity {
  return new TlsSecurity('tls', { setUp: async () => tlsSetup(settings), ...parts })
}

/**
 * The options of both sides. A certificate shows membership; host names are only checked by the application's
 * `checkServerIdentity`.
 */
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
    // Not rejected by Node, which would close the connection without a reason; certificateObjection() finds the reason.
    server: { ...alpn, requestCert: true, rejectUnauthorized: false },
    flightBytes: FLIGHT_BYTES + 2 * bytesOf(settings.cert),
    admit: (admission) => admit(admission, certificateObjection(admission.secured)),
    forget: () => {}
  }
}

/** The size of certificates, once decoded from PEM (RFC 7468): four characters for three bytes. */
function bytesOf(pem: TlsSettings['cert']): number {
  if (Array.isArray(pem)) return pem.reduce((sum, one) => sum + bytesOf(one), 0)
  return ((pem?.length ?? 0) * 3) / 4
}

/** Both sides have proven their membership once TLS is established; a certificate contains no uuid. */
function admit({ secured, dialed, handshake, onProven }: Admission, objection: Error | null): void {
  if (objection !== null) return handshake.fail(failed(objection))
  onProven(dialed ?? '')
  // An acceptor has just sent session tickets, and Node sends what is written in the same turn only when that write has ended:
  // then TCP_NODELAY has been unset, and the answer would wait for a delayed acknowledgement, 40 ms (RFC 9293 §3.8.6.3).
  setImmediate(() => {
    handshake.prove()
    handshake.succeed(plainChannel(secured))
  })
}

/** Why a certificate is not accepted; null if it is. A resumed session has no verified certificate. */
function certificateObjection(secured: TLSSocket): Error | null {
  if (secured.isSessionReused()) return new Error('the other side resumed a session')
  if (secured.authorized) return null
  if (secured.getPeerX509Certificate() === undefined) return withCode('PEER_DID_NOT_RETURN_A_CERTIFICATE')
  // Node's types declare an Error; the value is a code of X509_verify_cert_error_string(3).
  return withCode(String(secured.authorizationError))
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code })
}
