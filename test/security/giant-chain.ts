// A chain of certificates that takes long to verify: RSA keys whose exponents are as long as their moduli. Built of the same
// elements as src/security/certificate.ts, with values that the library must not be able to make.
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { bits, element, explicit, identifier, unsigned } from '#tcpnet/security/der.js'

const RSA = element('sequence', identifier('1.2.840.113549.1.1.1'), Buffer.of(5, 0))
const SHA256_WITH_RSA = element('sequence', identifier('1.2.840.113549.1.1.11'), Buffer.of(5, 0))
const ECDSA = element('sequence', identifier('1.2.840.10045.4.3.2'))
/** The longest modulus that OpenSSL takes with an exponent of more than 64 bits. */
const BYTES = 3072 / 8
const TIMES = element(
  'sequence',
  element('utcTime', Buffer.from('200101000000Z')),
  element('utcTime', Buffer.from('490101000000Z'))
)
const IS_CA = element(
  'sequence',
  element(
    'sequence',
    identifier('2.5.29.19'),
    element('boolean', Buffer.of(0xff)),
    element('octetString', element('sequence', element('boolean', Buffer.of(0xff))))
  )
)

/** A leaf certificate with its key, and `length` certificates above it. */
export function giantChain(length: number): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const leafKey = publicKey.export({ type: 'spki', format: 'der' })
  const leaf = certificate({ subject: 'leaf', issuer: 'ca0', publicKey: leafKey, algorithm: SHA256_WITH_RSA })
  const above = Array.from({ length }, (_, number) =>
    certificate({
      subject: `ca${number}`,
      issuer: `ca${number + 1}`,
      publicKey: giantKey(),
      algorithm: SHA256_WITH_RSA,
      extensions: IS_CA
    })
  )
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  createPrivateKey(key)
  return { key, cert: [leaf, ...above].map(pem).join('') }
}

/**
 * A new key with a certificate of version 1 or 3 that names an issuer, and is signed by that key instead of the
 * issuer's.
 */
export function namingOnly(issuer: string, version: 1 | 3): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const parts = { subject: 'impostor', issuer, publicKey: publicKey.export({ type: 'spki', format: 'der' }) }
  const signWith = (bytes: Buffer) => sign('sha256', bytes, privateKey)
  const der = certificate({ ...parts, algorithm: ECDSA, version, signWith })
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: pem(der) }
}

interface Parts {
  readonly subject: string
  readonly issuer: string
  readonly publicKey: Buffer
  readonly algorithm: Buffer
  readonly extensions?: Buffer
  readonly version?: 1 | 3
  /** Default: an invalid signature. */
  readonly signWith?: (bytes: Buffer) => Buffer
}

function certificate({ subject, issuer, publicKey, algorithm, extensions, version = 3, signWith }: Parts): Buffer {
  const toBeSigned = element(
    'sequence',
    ...(version === 3 ? [explicit(0, unsigned(Buffer.of(2)))] : []),
    unsigned(Buffer.of(1, ...randomBytes(8))),
    algorithm,
    nameOf(issuer),
    TIMES,
    nameOf(subject),
    publicKey,
    ...(extensions === undefined ? [] : [explicit(3, extensions)])
  )
  const signature = signWith?.(toBeSigned) ?? Buffer.concat([Buffer.of(1), randomBytes(BYTES - 1)])
  return element('sequence', toBeSigned, algorithm, bits(signature))
}

function giantKey(): Buffer {
  const odd = (first: number) => Buffer.concat([Buffer.of(first), randomBytes(BYTES - 2), Buffer.of(0xff)])
  return element('sequence', RSA, bits(element('sequence', unsigned(odd(0xff)), unsigned(odd(0xef)))))
}

function nameOf(name: string): Buffer {
  const text = element('utf8String', Buffer.from(name))
  return element('sequence', element('set', element('sequence', identifier('2.5.4.3'), text)))
}

function pem(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`
}
