// The throw-away certificate of a service with a secret: X.509 v3 in DER that other implementations can read.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { fingerprintOf, throwAwayCertificate } from '#tcpnet/security/certificate.js'
import { bits, element, explicit, identifier, unsigned } from '#tcpnet/security/der.js'

test('DER: lengths of one, two and three bytes, integers, identifiers, tags', () => {
  const hex = (bytes: Buffer) => bytes.toString('hex')
  assert.equal(hex(element('octetString', Buffer.alloc(127)).subarray(0, 2)), '047f')
  assert.equal(hex(element('octetString', Buffer.alloc(128)).subarray(0, 3)), '048180')
  assert.equal(hex(element('octetString', Buffer.alloc(256)).subarray(0, 4)), '04820100')
  assert.equal(hex(unsigned(Buffer.of(0))), '020100')
  assert.equal(hex(unsigned(Buffer.of(0, 0, 127))), '02017f')
  assert.equal(hex(unsigned(Buffer.of(128))), '02020080')
  // X.690 §8.19.5, its own example.
  assert.equal(hex(identifier('2.999.3')), '0603883703')
  assert.equal(hex(identifier('1.2.840.10045.4.3.2')), '06082a8648ce3d040302')
  assert.equal(hex(bits(Buffer.of(1))), '03020001')
  assert.equal(hex(explicit(3, Buffer.of(5, 0))), 'a3020500')
})

test('a certificate has version 3, is signed by its own key on P-256, can be read by openssl, and is never made twice', () => {
  const [one, other] = [throwAwayCertificate(), throwAwayCertificate()]
  const certificate = new X509Certificate(one.cert)
  assert.ok(certificate.verify(certificate.publicKey))
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  assert.deepEqual([certificate.subject, certificate.issuer, certificate.ca], ['CN=tcpnet', 'CN=tcpnet', false])
  assert.deepEqual(fingerprintOf(certificate.raw), one.fingerprint)
  assert.equal(certificate.fingerprint256.replaceAll(':', '').toLowerCase(), one.fingerprint.toString('hex'))
  const read = execFileSync('openssl', ['x509', '-noout', '-text'], { input: one.cert, encoding: 'utf8' })
  assert.match(read, /Version: 3 \(0x2\)[\s\S]*Signature Algorithm: ecdsa-with-SHA256[\s\S]*CA:FALSE/)
  assert.notDeepEqual(one.fingerprint, other.fingerprint)
  assert.notEqual(one.key, other.key)
})
