import type { ConnectionOptions, SecureContextOptions } from 'node:tls'
import { invalidType, invalidValue, TcpnetError } from '../errors.js'

// The functions that use node:crypto and node:tls load them: most services have no certificates.

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

/** Certificates, and those options of `tls.connect` and `tls.createServer` that leave both sides verified. */
export type TlsSettings = Pick<SecureContextOptions, ContextOption> & Pick<ConnectionOptions, ConnectionOption>

/**
 * Nothing else is passed on: of what Node has, or will have, some switches verification off, or lends it to somebody else
 * (`secureContext`, `SNICallback`, `ticketKeys`, `secureOptions`, `pskCallback`, ...). `pfx` is no exception: Node takes
 * every certificate that lies in the file beside the own one for an authority, such as the public root of its chain.
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

/** What may be said although it is so anyway. */
const FIXED: Readonly<Record<string, unknown>> = {
  requestCert: true,
  rejectUnauthorized: true,
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3'
}

/** Suites of TLS 1.3 that encrypt (RFC 8446 §B.4): others do not (RFC 9150), and a security level is no suite. */
const CIPHERS = /^TLS_(AES|CHACHA20)_[A-Z0-9_]+(:TLS_(AES|CHACHA20)_[A-Z0-9_]+)*$/

/**
 * Checks the options of mutual TLS, and takes them over: later changes of the object have no effect.
 *
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_INVALID_ARG_VALUE; also where the key, the certificates and the authority cannot be used
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

/** Without an authority Node trusts all public ones, and whoever has a certificate of any of them would belong. */
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

/** Whether OpenSSL takes it: a key that is not the certificate's is found here, and not at the first handshake. */
function checkContext({ servername: _, checkServerIdentity: __, ALPNProtocols: ___, ...context }: TlsSettings): void {
  const { createSecureContext } = process.getBuiltinModule('node:tls')
  try {
    createSecureContext(context)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw invalidValue('settings.tls', 'must have a key, certificates and an authority that fit', code ?? message)
  }
}

/** Deno's client accepts a certificate that only names the authority as its issuer (seen with 2.9); making one takes no key of the authority. */
function noTls(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_NO_TLS',
    'Deno does not verify that a certificate was issued by the authority, so that "tls" would admit strangers: use "secret".'
  )
}
