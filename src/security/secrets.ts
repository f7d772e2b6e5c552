import { invalidType, invalidValue, TcpnetError } from '../errors.js'
import type { Secret } from './keys.js'

/** The shortest key, in bytes. */
const MIN_KEY_BYTES = 32

/**
 * Checks the setting `secret`. No message shows any of it.
 *
 * @throws {TypeError} ERR_INVALID_ARG_TYPE; undefined, too
 * @throws {RangeError} ERR_INVALID_ARG_VALUE
 * @throws {TcpnetError} ERR_TCPNET_NO_PSK where the runtime cannot do it
 */
export function checkSecrets(given: unknown): Secret[] {
  if (!hasPresharedKeys()) throw noPsk()
  const secrets: unknown[] = Array.isArray(given) ? given : [given]
  if (secrets.length === 0) throw invalidValue('settings.secret', 'must have at least one secret', [])
  return secrets.map(checkSecret)
}

function checkSecret(secret: unknown): Secret {
  if (typeof secret === 'string') {
    if (secret === '') throw invalidValue('settings.secret', 'must not be empty', '')
    return secret
  }
  if (!(secret instanceof Uint8Array)) {
    throw invalidType('settings.secret', 'a string, a Buffer or an array of them', secret)
  }
  if (secret.length >= MIN_KEY_BYTES) return Buffer.from(secret)
  throw invalidValue(
    'settings.secret',
    `must have at least ${MIN_KEY_BYTES} bytes where it is a Buffer`,
    `${secret.length} bytes`
  )
}

/**
 * Whether the runtime's TLS 1.3 takes external pre-shared keys. Bun and Deno have no `pskCallback`; Electron's Node is
 * built on BoringSSL, whose callbacks are for TLS 1.2 alone.
 */
function hasPresharedKeys(): boolean {
  const { versions, features } = process
  const isBoringSsl = 'openssl_is_boringssl' in features && features.openssl_is_boringssl === true
  return !isBoringSsl && ['bun', 'deno', 'electron'].every((runtime) => !(runtime in versions))
}

function noPsk(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_NO_PSK',
    'This runtime has no pre-shared keys in its TLS, so that "secret" cannot be used: use "tls" with certificates, or Node.'
  )
}
