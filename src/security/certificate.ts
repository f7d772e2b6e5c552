import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { bits, element, explicit, identifier, unsigned } from './der.js'

/** A certificate that proves nothing by itself: the PAKE inside of TLS is bound to it. */
export interface ThrowAwayCertificate {
  /** In PEM, as `tls` takes them. */
  readonly key: string
  readonly cert: string
  /** SHA-256 of the certificate as it crosses the line. */
  readonly fingerprint: Buffer
}

/** ecdsa-with-SHA256 (RFC 5758 §3.2). */
const SIGNATURE = element('sequence', identifier('1.2.840.10045.4.3.2'))

/** The attribute commonName (RFC 5280, appendix A.1). It tells nothing that the network does not know. */
const NAME = element(
  'sequence',
  element('set', element('sequence', identifier('2.5.4.3'), element('utf8String', Buffer.from('tcpnet'))))
)

/** It has no end (RFC 5280 §4.1.2.5), and is thrown away with its service. */
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

/** What the PAKE is bound to: the certificate as one side has sent it and the other has received it. */
export function fingerprintOf(der: Uint8Array): Buffer {
  return createHash('sha256').update(der).digest()
}

/**
 * A self-signed certificate (RFC 5280 §4.1). It must be of version 3: Deno does not check the handshake's signature of a
 * server that shows one of version 1, so that a host in the middle could show a copy of the acceptor's.
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
