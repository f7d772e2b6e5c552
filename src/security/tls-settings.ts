import type { ConnectionOptions, SecureContextOptions } from 'node:tls'
import { invalidType, invalidValue, TcpnetError } from '../errors.js'

// node:crypto and node:tls are loaded by the functions that use them: most services have no certificates.

/** Options of `tls.createSecureContext` that are passed on. */
type ContextOption =
  | 'ca'
  | 'cert'
  | 'key'
  | 'passphrase'
  | 'crl'
  | 'ciphers'
  | 'sigalgs'
  | 'ecdhCurve'
  | 'privateKeyEngine'
  | 'privateKeyIdentifier'
  | 'allowPartialTrustChain'

/** Options of `tls.connect` and `tls.createServer` that are passed on. */
type ConnectionOption = 'servername' | 'checkServerIdentity' | 'ALPNProtocols'

/** Certificates, and the options of `tls.connect` and `tls.createServer` that do not weaken the verification of either side. */
export type TlsSettings = Pick<SecureContextOptions, ContextOption> & Pick<ConnectionOptions, ConnectionOption>

/**
 * The only options that are passed on. Some others that Node has, or will have, turn verification off or bypass it
 * (`secureContext`, `SNICallback`, `ticketKeys`, `secureOptions`, `pskCallback`, ...). `pfx` is left out because Node trusts
 * every other certificate in that file as an authority, for example the public root of the chain.
 */
const PASSED_ON = [
  'ca',
  'cert',
  'key',
  'passphrase',
  'crl',
  'ciphers',
  'sigalgs',
  'ecdhCurve',
  'privateKeyEngine',
  'privateKeyIdentifier',
  'allowPartialTrustChain',
  'servername',
  'checkServerIdentity',
  'ALPNProtocols'
] as const satisfies readonly (keyof TlsSettings)[]

/** Options that may be given, but only with the value that they have anyway. */
const FIXED: Readonly<Record<string, unknown>> = {
  requestCert: true,
  rejectUnauthorized: true,
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3'
}

/** Suites of TLS 1.3 that encrypt (RFC 8446 §B.4): those of RFC 9150 do not, and a security level is no suite. */
const CIPHERS = /^TLS_(AES|CHACHA20)_[A-Z0-9_]+(:TLS_(AES|CHACHA20)_[A-Z0-9_]+)*$/

/**
 * Checks the options of mutual TLS, and copies them: later changes of the object have no effect.
 *
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_INVALID_ARG_VALUE; also if the key, the certificates and the authority cannot be used together
 * @throws {TcpnetError} ERR_TCPNET_NO_TLS on Deno
 */
export function checkTls(given: unknown): TlsSettings {
  if ('deno' in process.versions) throw noTls()
  if (typeof given !== 'object' || given === null) throw invalidType('settings.tls', 'an object', given)
  const options = given as Record<string, unknown>
  for (const option in options) checkOption(option, options[option])
  const tls: TlsSettings = Object.fromEntries(
    PASSED_ON.filter((option) => options[option] !== undefined).map((option) => [option, copyOf(options[option])])
  )
  checkAuthority(tls.ca)
  const hasKey = tls.key !== undefined || tls.privateKeyIdentifier !== undefined
  if (!hasKey || tls.cert === undefined) {
    throw invalidType('settings.tls.key and .cert', 'a key and its certificate', undefined)
  }
  checkConnectionOptions(tls)
  checkContext(tls)
  return tls
}

/** Options are strings, bytes, objects like `{ pem, passphrase }`, arrays of them, and functions. */
function copyOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (Array.isArray(value)) return value.map(copyOf)
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copyOf(one)]))
}

function checkOption(option: string, value: unknown): void {
  if (value === undefined || PASSED_ON.some((known) => known === option)) return
  if (!Object.hasOwn(FIXED, option)) {
    throw invalidValue('settings.tls', `takes only ${PASSED_ON.join(', ')}`, option)
  }
  if (value !== FIXED[option]) {
    throw invalidValue(`settings.tls.${option}`, `can only be ${FIXED[option]}: leave it out`, String(value))
  }
}

/** Requires an authority: without one Node trusts all public authorities, and any of their certificates would be accepted. */
function checkAuthority(ca: TlsSettings['ca']): void {
  const parts = Array.isArray(ca) ? ca : [ca]
  if (parts.length === 0) throw invalidType('settings.tls.ca', "the certificate of the cluster's own authority", ca)
  const { X509Certificate } = process.getBuiltinModule('node:crypto')
  for (const part of parts) {
    if (typeof part !== 'string' && !(part instanceof Uint8Array)) {
      throw invalidType('settings.tls.ca', "the certificate of the cluster's own authority", part)
    }
    try {
      new X509Certificate(part)
    } catch {
      throw invalidValue('settings.tls.ca', 'must be certificates in PEM', 'something else')
    }
  }
}

function checkConnectionOptions({ ciphers, servername, checkServerIdentity }: TlsSettings): void {
  if (ciphers !== undefined && !CIPHERS.test(String(ciphers))) {
    throw invalidValue('settings.tls.ciphers', 'must be suites of TLS 1.3, TLS_AES_... or TLS_CHACHA20_...', ciphers)
  }
  if (servername !== undefined && typeof servername !== 'string') {
    throw invalidType('settings.tls.servername', 'a string', servername)
  }
  if (checkServerIdentity !== undefined && typeof checkServerIdentity !== 'function') {
    throw invalidType('settings.tls.checkServerIdentity', 'a function', checkServerIdentity)
  }
}

/**
 * Checks that OpenSSL accepts the options: a key that does not match the certificate is found here, not in the first handshake.
 */
function checkContext({ servername: _, checkServerIdentity: __, ALPNProtocols: ___, ...context }: TlsSettings): void {
  const { createSecureContext } = process.getBuiltinModule('node:tls')
  try {
    createSecureContext(context)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw invalidValue('settings.tls', 'must have a key, certificates and an authority that fit', code ?? message)
  }
}

/**
 * Deno's client accepts a certificate that only names the authority as its issuer (seen with 2.9), which can be made without
 * the authority's key.
 */
function noTls(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_NO_TLS',
    'Deno does not verify that a certificate was issued by the authority, so that "tls" would accept forged certificates: ' +
      'use "secret".'
  )
}
