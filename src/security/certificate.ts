import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { bits, element, explicit, identifier, unsigned } from './der.js'

/** A self-signed certificate, which proves nothing by itself: the PAKE inside TLS is bound to it. */
export interface ThrowAwayCertificate {
  /** In PEM, as node:tls takes it. */
  readonly key: string
  readonly cert: string
  /** SHA-256 of the certificate in DER, as it is sent. */
  readonly fingerprint: Buffer
}

/** ecdsa-with-SHA256 (RFC 5758 §3.2). */
const SIGNATURE = element('sequence', identifier('1.2.840.10045.4.3.2'))

/** The attribute commonName (RFC 5280, appendix A.1). It reveals nothing that the announcement does not. */
const NAME = element(
  'sequence',
  element('set', element('sequence', identifier('2.5.4.3'), element('utf8String', Buffer.from('tcpnet'))))
)

/** No expiration (RFC 5280 §4.1.2.5): the certificate is discarded with its service. */
const VALIDITY = element(
  'sequence',
  element('utcTime', Buffer.from('200101000000Z')),
  element('generalizedTime', Buffer.from('99991231235959Z'))
)

/** basicConstraints, critical: no authority (RFC 5280 §4.2.1.9). */
const EXTENSIONS = element(
  'sequence',
  element(
    'sequence',
    identifier('2.5.29.19'),
    element('boolean', Buffer.of(0xff)),
    element('octetString', element('sequence'))
  )
)

/** Makes a fresh P-256 key and a certificate for it. */
export function throwAwayCertificate(): ThrowAwayCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const der = selfSigned(privateKey, publicKey)
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`,
    fingerprint: fingerprintOf(der)
  }
}

/** The value that the PAKE is bound to: a hash of the certificate that one side has sent and the other has received. */
export function fingerprintOf(der: Uint8Array): Buffer {
  return createHash('sha256').update(der).digest()
}

/**
 * A self-signed certificate (RFC 5280 §4.1). Its version must be 3: with a version 1 certificate, Deno does not check the
 * server's signature in the handshake, so that a host in the middle could present a copy of the acceptor's certificate.
 */
function selfSigned(privateKey: KeyObject, publicKey: KeyObject): Buffer {
  const toBeSigned = element(
    'sequence',
    explicit(0, unsigned(Buffer.of(2))),
    unsigned(randomBytes(16)),
    SIGNATURE,
    NAME,
    VALIDITY,
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, EXTENSIONS)
  )
  return element('sequence', toBeSigned, SIGNATURE, bits(sign('sha256', toBeSigned, privateKey)))
}
